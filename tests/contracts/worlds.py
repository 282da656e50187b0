"""The worlds of the services' examples (`world` in tests/<service>/cases.py)."""

from __future__ import annotations

from typing import Any


def whole(world: Any) -> Any:
    """The world with everything in it, where it makes things only when an example asks for them."""
    return world.complete() if hasattr(world, "complete") else world
