"""Seeded chance: every 'random' decision is a pure function of the seed and of what it is about.

Two runs with the same seed and the same input therefore decide alike, whatever the order of threads, and a simulator
that was killed and started again goes on exactly as it would have.
"""

from __future__ import annotations

import hashlib
import math

GOLDEN = (math.sqrt(5) - 1) / 2


def fraction(seed: int, *about: object) -> float:
    """A number in [0, 1) that depends on the seed and on what is being decided, and on nothing else."""
    key = "\x1f".join([str(seed), *map(str, about)]).encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big") / 2**64


def evenly(seed: int, purpose: str, index: int) -> float:
    """The `index`-th number of a low-discrepancy sequence in [0, 1): of n in a row about n·p lie below p.

    Used where a share is promised ("2-5 % of claims are rejected"): independent draws over a small population would
    too often give none at all.
    """
    return (fraction(seed, purpose) + index * GOLDEN) % 1.0


def between(seed: int, low: int, high: int, *about: object) -> int:
    """A whole number from `low` to `high`, both included."""
    return low + int(fraction(seed, *about) * (high - low + 1))


def identifier(prefix: str, length: int, seed: int, *about: object) -> str:
    """A stable identifier: `prefix` and `length` hexadecimal digits."""
    key = "\x1f".join([str(seed), *map(str, about)]).encode()
    return prefix + hashlib.blake2b(key, digest_size=32).hexdigest()[:length]
