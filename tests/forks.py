"""Programs in processes of their own, for tests that kill them or want a new one each.

They are forked from a server that has imported them once (multiprocessing's forkserver): a start costs no imports, which are most of
what a small program does. The process is as real as any other: its own memory, its own connections, ended by SIGKILL.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path

FORKS = multiprocessing.get_context("forkserver")
# What the server imports before its first fork; pytest because each fork looks at the main program again.
PRELOADED = ["pytest", "tests.forks", "infra.simulators.clearinghouse.__main__", "tests.scheduling.killed"]


class Fork:
    """A running program: a module's ``main()`` with these arguments and additions to the environment.

    What it prints is read by ``first_line``; what it complains about is appended to ``log``.
    """

    def __init__(self, module: str, *arguments: str, log: Path, environment: Mapping[str, str] | None = None) -> None:
        FORKS.set_forkserver_preload(PRELOADED)
        self.log = log
        self._printed, printing = FORKS.Pipe(duplex=False)
        told = (module, arguments, dict(environment or {}), str(log), printing)
        self._process = FORKS.Process(target=_run, args=told, daemon=True)
        self._process.start()
        printing.close()

    def first_line(self) -> str:
        """The first line that it prints; empty when it ends without a word."""
        with os.fdopen(os.dup(self._printed.fileno())) as printed:
            return printed.readline()

    def kill(self) -> None:
        """SIGKILL; returns when it has ended."""
        self._process.kill()
        self._process.join()
        self._printed.close()

    def exit_code(self, seconds: float) -> int | None:
        """Its exit code once it has ended by itself (negative: the signal that ended it); None when it still runs after so long."""
        self._process.join(seconds)
        return self._process.exitcode


def _run(module: str, arguments: tuple[str, ...], environment: dict[str, str], log: str, printing: Connection) -> None:
    os.environ.update(environment)
    sys.argv = [module, *arguments]
    complaints = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(printing.fileno(), 1)
    os.dup2(complaints, 2)
    os.close(complaints)
    printing.close()
    importlib.import_module(module).main()
