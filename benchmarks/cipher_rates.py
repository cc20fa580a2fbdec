"""Which rates, networks and secrecy lesson 13 uses, on seeds that it does not report.

python -m benchmarks.cipher_rates [--quick]
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from tgan_lessons import cipher, cipher_audit

BOTH = (cipher.same, cipher.are_pairs_equal)
SETTINGS: dict[str, tuple[int, dict[str, Any]]] = {
    **{f"64, rate {rate:g}": (2500, {"rates": (rate, rate)}) for rate in (1e-3, 2e-3, 4e-3, 8e-3)},
    "64-64, rate 0.004": (2500, {"units": (64, 64)}),
    "64-64 ReLU, rate 0.004": (2500, {"units": (64, 64), "multiplies": False}),
    **{
        f"pairs, secrecy {secrecy:g}": (4000, {"asks": BOTH, "secrecy": secrecy})
        for secrecy in (1.0, 3.0, 6.0)
    },
}


def measure(seed: int, rounds: int, settings: dict[str, Any]) -> list[float]:
    """Wrong bits of Bob and of Eve, and the bits that a thief of Bob's machine has to guess."""
    game = cipher.CipherGame(seed=seed, **settings)
    game.feed(cipher.random_bits(50_000, seed), batch_size=256)
    game.advance(rounds)
    sent = game.encrypt(cipher.random_bits(5, seed + 1), cipher.random_bits(5, seed + 2))
    left = [cipher_audit.count_readings(game.decrypt, row)[1] for row in sent]
    return [*game.test().values(), float(np.mean(left))]


def main() -> None:
    """Prints the means of each setting."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one seed, few rounds")
    quick = parser.parse_args().quick
    seeds = range(100, 101 if quick else 103)
    for name, (rounds, settings) in SETTINGS.items():
        found = [measure(seed, rounds // (50 if quick else 1), settings) for seed in seeds]
        bob, eve, left = np.mean(found, axis=0)
        print(f"{name:>24}: Bob {bob:.3f}, Eve {eve:.2f}, {left:.1f} bits left", flush=True)


if __name__ == "__main__":
    main()
