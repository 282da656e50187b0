"""What a trouble is: a name, a cause in a sentence, who may feel it, and what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from infra.local.servers import SERVICES

if TYPE_CHECKING:
    from infra.chaos.stage import Stage

EVERY_SERVICE: Final = frozenset(SERVICES)
NOBODY: Final[frozenset[str]] = frozenset()
RECOVERY_BAR_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Trouble:
    """One kind of trouble.

    ``may_feel`` are the services whose calls may be refused meanwhile; all others must go on as if nothing were.
    ``tenants`` (empty: all) are those who may feel it. ``breaks_connections``: the gateway itself is hit, so clients
    may lose connections. ``tells_again``: events are published again, so streams hold some of them twice.
    """

    name: str
    cause: str
    act: Callable[[Stage], None]
    may_feel: frozenset[str] = NOBODY
    tenants: frozenset[str] = NOBODY
    breaks_connections: bool = False
    tells_again: bool = False


@dataclass
class Course:
    """How a trouble went: each cause's end and recovery, and what its script itself found wrong."""

    recoveries: list[float] = field(default_factory=list)
    seconds_hurt: float = 0.0
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
