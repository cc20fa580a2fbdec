"""The players of an adversarial game, and what must hold before they play."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, eq=False)
class Player:
    """One side of the game.

    Attributes:
        name: for logs and for moving this player alone.
        network: what it trains, a built Keras model or several of them.
        optimizer: its own, not yet used by anybody.
        moves: how often it moves in a round.
    """

    name: str
    network: keras.Model | Sequence[keras.Model]
    optimizer: keras.optimizers.Optimizer
    moves: int = 1

    @property
    def networks(self) -> tuple[keras.Model, ...]:
        """Its networks, one or several."""
        return (self.network,) if hasattr(self.network, "weights") else tuple(self.network)

    @property
    def variables(self) -> list[keras.Variable]:
        """What its moves train."""
        return unique(v for network in self.networks for v in network.trainable_variables)

    @property
    def statistics(self) -> list[keras.Variable]:
        """What its moves keep up to date without training: moving averages, mostly."""
        return unique(v for network in self.networks for v in network.non_trainable_weights)


class Rates:
    """All learning rates as one, for Keras's callbacks that schedule `model.optimizer`.

    Reads the first player's. When it is set, the others keep their ratio to it, through 0 too.
    """

    built, use_ema, variables = True, False, ()  # what Keras asks of an optimizer

    def __init__(self, players: Sequence[Player]) -> None:
        self._optimizers = [player.optimizer for player in players]
        self._ratios = [1.0 for _ in players]

    @property
    def learning_rate(self) -> keras.Variable:
        """The first player's learning rate."""
        return self._optimizers[0].learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        first = float(self.learning_rate.numpy())
        if first:
            self._ratios = [float(o.learning_rate.numpy()) / first for o in self._optimizers]
        for optimizer, ratio in zip(self._optimizers, self._ratios, strict=True):
            optimizer.learning_rate = float(value) * ratio


def unique(variables: Iterable[keras.Variable]) -> list[keras.Variable]:
    """Each variable once, in this order: networks of a player may share layers."""
    return list({id(variable): variable for variable in variables}.values())


def check_players(players: Sequence[Player], simultaneous: bool) -> None:
    """Raises a `ValueError` unless these players can play with each other."""
    names = [player.name for player in players]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"`players` must be one or more, of different names. Received: {names}")
    owners: dict[int, str] = {}
    for player in players:
        check_moves(player, simultaneous)
        if any(not network.built for network in player.networks) or not player.variables:
            raise ValueError(
                f"`network` of '{player.name}' must be built and have something to train. Give it "
                "an Input layer, or call it once, and set trainable=True"
            )
        for variable in player.variables + player.statistics:
            owner = owners.setdefault(id(variable), player.name)
            if owner != player.name:
                raise ValueError(
                    f"each variable must belong to one player. Received: {variable.path} of "
                    f"'{owner}' and of '{player.name}'"
                )
    check_optimizers(players)


def check_moves(player: Player, simultaneous: bool) -> None:
    """Raises a `ValueError` unless a player may move that often."""
    if not player.moves >= 1 or player.moves % 1:
        raise ValueError(
            f"`moves` of '{player.name}' must be a whole number of at least 1. "
            f"Received: moves={player.moves}"
        )
    if simultaneous and player.moves != 1:
        raise ValueError(
            "`simultaneous` rounds have one move for each player. "
            f"Received: moves={player.moves} of '{player.name}'"
        )


def check_optimizers(players: Sequence[Player]) -> None:
    """Raises a `ValueError` where two players share an optimizer or one was used before."""
    if len({id(player.optimizer) for player in players}) < len(players):
        raise ValueError("`optimizer` must be each player's own. Received: the same one twice")
    for player in players:
        known = getattr(player.optimizer, "_trainable_variables", None) or []
        if known and [id(v) for v in known] != [id(v) for v in player.variables]:
            raise ValueError(
                f"`optimizer` of '{player.name}' must be a new one. Received: one that was built "
                "for other variables"
            )


def check_losses(losses: dict[str, Any], players: Sequence[Player]) -> None:
    """Raises a `ValueError` unless there is one scalar loss per player."""
    names = {player.name for player in players}
    if not isinstance(losses, dict) or set(losses) != names:
        received = sorted(losses) if isinstance(losses, dict) else type(losses).__name__
        raise ValueError(
            f"`losses` must return one loss for each of {sorted(names)}. Received: {received}"
        )
    for name, loss in losses.items():
        if len(loss.shape):
            raise ValueError(
                f"the loss of '{name}' must be a single number: take its mean. "
                f"Received: shape {tuple(loss.shape)}"
            )


def check_gradients(gradients: Sequence[Any], player: Player) -> None:
    """Raises a `ValueError` where a player's loss does not depend on all that it trains."""
    pairs = zip(gradients, player.variables, strict=True)
    loose = [variable.path for gradient, variable in pairs if gradient is None]
    if loose:
        raise ValueError(
            f"the loss of '{player.name}' must depend on all that it trains. "
            f"No gradient reaches {', '.join(loose[:3])}{' …' if len(loose) > 3 else ''}"
        )
