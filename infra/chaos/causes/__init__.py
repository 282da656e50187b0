"""The troubles, a file for each kind of cause; ``catalogue`` is the order of a whole run."""

from __future__ import annotations

from infra.chaos.causes import broker, clients, clocks, database, outside, replicas, restore, services
from infra.chaos.trouble import Trouble


def catalogue() -> list[Trouble]:
    """Every trouble in the order of a whole run."""
    return [
        *services.TROUBLES,
        *broker.TROUBLES,
        *database.TROUBLES,
        *clients.TROUBLES,
        *outside.TROUBLES,
        *clocks.TROUBLES,
        *replicas.TROUBLES,
        *restore.TROUBLES,
    ]
