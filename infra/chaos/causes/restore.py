"""Backup and point-in-time restore of one service's database while all others go on, then reconciliation."""

from __future__ import annotations

from typing import Final

from infra.chaos.backup import Backup
from infra.chaos.stage import Stage
from infra.chaos.trouble import Trouble
from infra.local.servers import SERVICES

POINT: Final = "before the accident"
WORK_SECONDS: Final = 3.0
# After a restore into a cluster with transaction ids of its own the search cache's notes are void (scheduling's README).
AFTERWARDS: Final = {"scheduling": ("DELETE FROM availability_change", "DELETE FROM availability_floor")}
DISCONNECT: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
)


def to_the_accident(stage: Stage) -> None:
    """Scheduling's database is dropped by mistake; it is brought back to the moment before, and nothing is lost."""
    _restore(stage, "scheduling", work_after_point=False)


def to_an_earlier_point(stage: Stage) -> None:
    """Telehealth's database comes back as it was some seconds before: it hears again what it had heard since."""
    _restore(stage, "telehealth", work_after_point=True)


def _restore(stage: Stage, service: str, *, work_after_point: bool) -> None:
    stack = stage.stack
    backup = Backup(stack.postgres, stack.data / f"backup-{service}", stack.archive)
    try:
        backup.take()
        stage.last(WORK_SECONDS)
        with stage.cause():
            if work_after_point:
                backup.name_point(POINT)
                stage.last(WORK_SECONDS)
            # Nobody may write between the point and the accident, or it could not be said what is lost.
            stack.as_superuser("postgres", f"ALTER DATABASE {service} ALLOW_CONNECTIONS false")
            stack.as_superuser("postgres", DISCONNECT, [service])
            if not work_after_point:
                backup.name_point(POINT)
            stack.as_superuser("postgres", f"DROP DATABASE {service} WITH (FORCE)")
            backup.finish_log()
            backup.recover(POINT)
            stack.halt(service)
            stack.postgres.provision(service)
            backup.put_back(service)
            if work_after_point:
                stage.note(stack.operate("new-epoch", service))
            for statement in AFTERWARDS.get(service, ()):
                stack.as_superuser(service, statement)
            stack.restart(service)
            # What the restored service had heard since the point it does not know any more: everybody tells it again.
            for other in (*(name for name in SERVICES if name != service), service):
                said = stack.operate("republish", other, "--hours", "168")
                stage.note(said)
    finally:
        backup.close()


TROUBLES: Final = [
    Trouble(
        "restore-to-the-accident",
        "scheduling's database is dropped and brought back to the moment before from backup and archive",
        to_the_accident,
        frozenset({"scheduling"}),
        tells_again=True,
    ),
    Trouble(
        "restore-to-earlier",
        "telehealth's database comes back as it was seconds before, and hears again what it missed",
        to_an_earlier_point,
        frozenset({"telehealth"}),
        tells_again=True,
    ),
]
