"""Identifiers: UUIDv7 (RFC 9562 §5.7), ordered by the real time of their making."""

from __future__ import annotations

import os
import time
from uuid import UUID

NIL = UUID(int=0)


def uuid7() -> UUID:
    """Returns a new UUIDv7: 48 bits of Unix milliseconds, the rest random."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds << 80) | random
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return UUID(int=value)
