"""Copied into a folder before a service's own path: its real clock is off by as many seconds as the file ``seconds`` beside it says,
and jumps when that changes.

Python runs this before the service's first import. Our own real clock and the tokens' are turned. Deadlines are not: gRPC counts
them on a clock that never jumps, as it does when an operator or a time server sets a machine's clock.
"""

from __future__ import annotations

import time
from datetime import datetime, tzinfo
from pathlib import Path

FILE = Path(__file__).with_name("seconds")


def seconds() -> float:
    """How far off the clock is now."""
    return float(FILE.read_text())


class SkewedDatetime(datetime):
    """A datetime whose present is off."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        """The present as this process believes it to be."""
        return datetime.fromtimestamp(time.time() + seconds(), tz)


import jwt.api_jwt  # noqa: E402

import chassis.clock  # noqa: E402 (the clock is turned before anybody else has seen it)

for module in (chassis.clock, jwt.api_jwt):
    vars(module)["datetime"] = SkewedDatetime
