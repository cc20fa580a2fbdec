"""Records of a run that span all of it, however long it becomes, in bounded memory."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

Entry = TypeVar("Entry")


class Film(Generic[Entry]):
    """Keeps at most `limit` entries, evenly spread over the run.

    When it is full every second entry goes, and from then on only every second one is taken.

    Args:
        limit: an even number of entries, at least 2.
    """

    def __init__(self, limit: int = 240) -> None:
        if limit < 2 or limit % 2:
            raise ValueError(f"`limit` must be even and at least 2. Received: limit={limit}")
        self.limit = limit
        self.clear()

    def clear(self) -> None:
        """Forgets all entries."""
        self._entries: list[Entry] = []
        self._every, self._seen = 1, 0

    def add(self, entry: Entry) -> None:
        """Takes an entry, or passes it over where the run is long."""
        if self._seen % self._every == 0:
            if len(self._entries) == self.limit:
                del self._entries[1::2]
                self._every *= 2
            self._entries.append(entry)
        self._seen += 1

    def fill(self, entries: Sequence[Entry]) -> None:
        """Begins with entries from elsewhere, such as a saved run."""
        self.clear()
        for entry in entries:
            self.add(entry)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> Entry:
        return self._entries[operator.index(index)]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)
