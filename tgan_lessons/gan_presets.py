"""Games of the GAN lab with a name: some find the data, some fail on purpose, some are cures.

`python -m benchmarks presets` measures that each does what it says, for five seeds.
"""

from __future__ import annotations

from typing import Any

from tgan_lessons.labs import Preset

_STRONG_D: dict[str, Any] = {"loss": "minimax", "rate_d": 1e-2, "rate_g": 1e-4, "moves_d": 5}
_SILENT = _STRONG_D | {"latent": "uniform"}
_COLLAPSE = _STRONG_D | {"data": "gaussians"}
_CYCLE: dict[str, Any] = {"moves_g": 10, "width": 32}
_WALLS: dict[str, Any] = {"data": "disjoint", "loss": "wasserstein", "rate_d": 3e-3}

PRESETS = {
    "ring, all eight found": Preset(
        "fakes gather at all eight squares within some 3,000 rounds, and a few lie on the way "
        "between them.",
        {"layers": 3, "rate_d": 2e-3},
    ),
    "grid, twenty-five of them": Preset(
        "the net of the noise is torn into 25 pieces. Some 18 modes are served after 3,000 "
        "rounds; the rest come and go.",
        {
            "data": "grid",
            "layers": 3,
            "width": 128,
            "rate_d": 3e-3,
            "penalty": "r1",
            "penalty_weight": 0.1,
        },
    ),
    "FAILS: D too strong": Preset(
        "D is sure of everything, its loss is 0. G's gradient is tiny, and after the first hundred "
        "rounds no fake moves any more.",
        _SILENT,
    ),
    "cure: non-saturating": Preset(
        "the same D, just as strong. Now G's loss is steep where D is sure: the fakes move.",
        _SILENT | {"loss": "non-saturating"},
    ),
    "FAILS: collapse": Preset(
        "one or two of three modes get all the fakes, for good. They look perfect, and D's loss "
        "says nothing of the modes that are missing.",
        _COLLAPSE,
    ),
    "cure: R1 penalty": Preset(
        "the same game, D's slope penalised at real samples: three modes within 500 rounds.",
        _COLLAPSE | {"penalty": "r1", "penalty_weight": 1.0},
    ),
    "FAILS: cycling": Preset(
        "G moves ten times before D may answer. All fakes jump to where D has just been wrong, "
        "from mode to mode, without end.",
        _CYCLE,
    ),
    "cure: one move each": Preset(
        "the same networks, one move each: the fakes spread around the ring and stay there.",
        _CYCLE | {"moves_g": 1},
    ),
    "FAILS: Wasserstein, no penalty": Preset(
        "the critic's scores and both losses run away into the hundreds; the fakes swing past the "
        "walls.",
        _WALLS,
    ),
    "cure: gradient penalty": Preset(
        "the same critic, its slope held near 1: half of the fakes stand at each wall.",
        _WALLS | {"penalty": "gradient", "penalty_weight": 1.0},
    ),
}
