"""The source article's references, corrected (row B7): what could be found, and what could not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tgan_lessons.clinic import Finding, Table, case


@dataclass(frozen=True)
class Entry:
    """A work that can be looked up.

    Attributes:
        part: of row B7.
        authors: as on the paper.
        year: of publication.
        title: in full.
        venue: journal or proceedings, with volume.
        pages: "first–last", or empty where there are none.
        link: where it is.
        mark: what is corrected.
    """

    part: str
    authors: str
    year: int
    title: str
    venue: str
    pages: str
    link: str
    mark: str


ENTRIES = (
    Entry(
        "B7a", "Pan, Yang", 2010, "A survey on transfer learning",
        "IEEE Transactions on Knowledge and Data Engineering 22(10)", "1345–1359",
        "https://doi.org/10.1109/TKDE.2009.191", "authors, journal and year",
    ),
    Entry(
        "B7b", "Long, Shelhamer, Darrell", 2015,
        "Fully convolutional networks for semantic segmentation", "CVPR 2015", "3431–3440",
        "https://arxiv.org/abs/1411.4038", "authors and venue",
    ),
    Entry(
        "B7c", "Ramesh, Pavlov, Goh, Gray, Voss, Radford, Chen, Sutskever", 2021,
        "Zero-shot text-to-image generation", "ICML 2021, PMLR 139", "8821–8831",
        "https://arxiv.org/abs/2102.12092", "authors and year of DALL·E",
    ),
    Entry(
        "B7d", "Arjovsky, Chintala, Bottou", 2017, "Wasserstein generative adversarial networks",
        "ICML 2017, PMLR 70", "214–223", "https://arxiv.org/abs/1701.07875", "pages",
    ),
    Entry(
        "B7e", "Ganin, Lempitsky", 2015, "Unsupervised domain adaptation by backpropagation",
        "ICML 2015, PMLR 37", "1180–1189", "https://arxiv.org/abs/1409.7495",
        "title and venue of the DANN paper",
    ),
)  # fmt: skip
NOTES = (
    ("B7f", "one entry is listed twice", "name each work once"),
    ("B7g", "two entries could not be found anywhere", "none: they are left out, not invented"),
)
ADDRESS = re.compile(r"https://(arxiv\.org/abs/\d{4}\.\d{4,5}|doi\.org/10\.\d{4,}/\S+)$")


def inspect(entries: Sequence[Entry]) -> list[str]:
    """What is wrong with a list of references: repeated works, no address, impossible pages."""
    found = []
    for title, times in Counter(entry.title.lower() for entry in entries).items():
        if times > 1:
            found.append(f"listed {times} times: {title}")
    for entry in entries:
        if not ADDRESS.match(entry.link):
            found.append(f"no address to find it at: {entry.title}")
        pages = [int(page) for page in entry.pages.split("–")] if entry.pages else [1, 2]
        if len(pages) != 2 or pages[0] >= pages[1]:
            found.append(f"impossible pages: {entry.title}, {entry.pages}")
    return found


def corrected() -> Table:
    """The references as they should be, and the two notes on what has no correction."""
    rows = [
        (
            entry.part,
            f"{entry.authors} ({entry.year}), {entry.title}, {entry.venue}"
            + (f", {entry.pages}" if entry.pages else ""),
            entry.link,
            entry.mark,
        )
        for entry in ENTRIES
    ]
    rows += [(part, told, "", done) for part, told, done in NOTES]
    return Table(("row", "reference", "where", "corrected"), tuple(rows))


@case(
    "B7",
    "references nobody has checked",
    symptom="readers cannot find a work, or find another one",
    cause="entries copied without a look: wrong authors, years, pages, one work twice",
    cure="an address (DOI or arXiv) for each entry, and a program that checks the list",
)
def unchecked(defect: bool) -> Finding:
    """Inspects the corrected list; ill: with our own faults in it, one entry twice, one lost."""
    entries = list(ENTRIES)
    if defect:
        lost = Entry("", "Nobody", 2020, "Not to be found", "somewhere", "", "", "")
        backwards = Entry("", "Nobody", 2020, "Backwards", "x", "9–1", ENTRIES[3].link, "")
        entries += [ENTRIES[0], lost, backwards]
    found = inspect(entries)
    seen = "; ".join(found) if found else f"{len(entries)} works, each once, each with an address"
    return Finding(seen, bool(found))


CASES = (unchecked,)
