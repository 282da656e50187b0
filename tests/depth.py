"""What of a set `make test` keeps, and what `make deep-test` runs: sets whose value is their breadth, or their size.

Nothing is proved in depth alone: of each such set a piece stays in `make test`, so that who breaks the subject hears of it there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

deep = pytest.mark.deep


def pieces(values: Iterable[Any], *kept: Any) -> list[Any]:
    """Parameters of a test: those of ``kept`` stay in `make test`, the others of ``values`` are for `make deep-test`.

    Raises LookupError when something kept is none of the values.
    """
    values = list(values)
    if unknown := [one for one in kept if one not in values]:
        raise LookupError(f"{unknown} is none of {values}")
    return [one if one in kept else _deep(one) for one in values]


def _deep(value: Any) -> Any:
    return pytest.param(*value, marks=deep) if isinstance(value, tuple) else pytest.param(value, marks=deep)
