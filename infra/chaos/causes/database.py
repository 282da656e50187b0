"""PostgreSQL is hurt: killed, stopped, its connections taken, a row that everybody wants held."""

from __future__ import annotations

import contextlib
import signal
from typing import Final

import psutil
import psycopg

from infra.chaos.stage import Stage
from infra.chaos.trouble import EVERY_SERVICE, Trouble

AWAY_SECONDS: Final = 3.0
# Longer than any request may take.
PAUSED_SECONDS: Final = 14.0
TAKEN_SECONDS: Final = 6.0
HELD_SECONDS: Final = 6.0
CROWDED: Final = "billing"
# Superusers have places of their own, so the crowd comes as the service itself, as a runaway program would.
CROWD: Final = 200
DISCONNECT: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
)


def kill(stage: Stage) -> None:
    """The server dies with everything it was doing, and is started again some seconds later."""
    with stage.cause():
        stage.stack.kill("PostgreSQL")
        stage.last(AWAY_SECONDS)
        stage.stack.restart("PostgreSQL")


def pause(stage: Stage) -> None:
    """The server neither works nor breaks: every process of it is stopped, as when its machine hangs."""
    server = stage.stack.postgres.child
    if server is None or server.pid is None:
        stage.must(False, "PostgreSQL does not run")
        return
    family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    with stage.cause():
        _send(family, signal.SIGSTOP)
        stage.last(PAUSED_SECONDS)
        _send(family, signal.SIGCONT)


def _send(processes: list[psutil.Process], what: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(what)


def exhaust(stage: Stage) -> None:
    """One service loses its connections, and somebody else has taken all there are."""
    url = stage.stack.postgres.url(f"{CROWDED}_app", CROWDED)
    crowd: list[psycopg.Connection] = []
    with stage.cause():
        stage.stack.as_superuser(CROWDED, f"ALTER DATABASE {CROWDED} CONNECTION LIMIT 40")
        stage.stack.as_superuser(CROWDED, DISCONNECT, [CROWDED])
        with contextlib.suppress(psycopg.OperationalError):
            crowd.extend(psycopg.connect(url, connect_timeout=2) for _ in range(CROWD))
        stage.note(f"{len(crowd)} connections taken")
        stage.last(TAKEN_SECONDS)
        for connection in crowd:
            connection.close()
        stage.stack.as_superuser(CROWDED, f"ALTER DATABASE {CROWDED} CONNECTION LIMIT -1")


def hold_row(stage: Stage) -> None:
    """Somebody's open transaction holds the rows that every payment of one tenant needs."""
    tenant = stage.clinics[0].day.cast.tenant_id
    with stage.cause(), psycopg.connect(stage.stack.postgres.admin_url("billing")) as holder:
        held = holder.execute("SELECT name FROM counter WHERE tenant_id = %s FOR UPDATE", [tenant]).fetchall()
        stage.note(f"{len(held)} number series held for {HELD_SECONDS:.0f} s")
        stage.last(HELD_SECONDS)
        holder.rollback()


TROUBLES: Final = [
    Trouble("postgres-killed", f"SIGKILL of PostgreSQL, started again {AWAY_SECONDS:.0f} s later", kill, EVERY_SERVICE),
    Trouble("postgres-paused", f"PostgreSQL stopped (SIGSTOP) for {PAUSED_SECONDS:.0f} s", pause, EVERY_SERVICE),
    Trouble(
        "postgres-connections",
        f"{CROWDED} loses its connections, and all that its database allows are taken for {TAKEN_SECONDS:.0f} s",
        exhaust,
        frozenset({CROWDED}),
    ),
    Trouble(
        "postgres-row-held",
        "an open transaction holds the number series that every receipt of one tenant needs",
        hold_row,
        frozenset({"billing"}),
        tenants=frozenset({"lanternfield"}),
    ),
]
