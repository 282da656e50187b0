"""The garbage collector, set for a server."""

from __future__ import annotations

import gc

# New objects before the youngest are looked through. Python's own 700 suits small programs: one remittance of a thousand
# claims makes half a million, nearly all of which go by themselves.
YOUNGEST = 20_000


def settle() -> None:
    """To be called when a process has started: what is there now stays for good and is not looked through again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNGEST, 10, 10)
