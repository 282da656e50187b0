"""Put before a service's own path: its real clock is off by as many seconds as the file says, and jumps when the file changes.

Python runs this before the service's first import. Only what reads the wall clock is turned; deadlines count on, as they do
when an operator or a time server sets a machine's clock.
"""

from __future__ import annotations

import os
import time
from datetime import datetime, tzinfo
from pathlib import Path

FILE = Path(os.environ["POLYCLINIC_CHAOS_SKEW"])
_time = time.time


def seconds() -> float:
    """How far off the clock is now."""
    return float(FILE.read_text())


class SkewedDatetime(datetime):
    """A datetime whose present is off."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        """The present as this process believes it to be."""
        return datetime.fromtimestamp(_time() + seconds(), tz)


time.time = lambda: _time() + seconds()

import jwt.api_jwt  # noqa: E402

import chassis.clock  # noqa: E402 (the clock is turned before anybody else has seen it)

chassis.clock.datetime = SkewedDatetime  # type: ignore[misc]
jwt.api_jwt.datetime = SkewedDatetime  # type: ignore[misc, attr-defined]
