"""One child process: started with a log file, stopped politely or not, and asked whether it still lives."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

LOOPBACK = "127.0.0.1"
# Linux gives outgoing connections ports from 32768 on, macOS from 49152 on.
PORTS = (15000, 32000)


class StartError(Exception):
    """A part of the stack did not come up. The message is one line that says what, why and where to look."""


class Child:
    """A child process in a process group of its own, so that Ctrl-C reaches only the supervisor.

    ``command`` is the argument list, ``log`` a file that is appended to, ``environment`` the child's whole environment,
    ``user`` the system user to run as (only when this process is root; None: the same user).
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self.starts = 0
        self._command = list(command)
        self._environment = dict(environment) if environment is not None else None
        self._cwd = cwd
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The running process's id, or None."""
        return self._process.pid if self._process is not None and self.alive() else None

    @property
    def exit_code(self) -> int | None:
        """The ended process's exit code (negative: the signal that ended it), or None while it runs or never ran."""
        return self._process.poll() if self._process is not None else None

    def start(self) -> None:
        """Start the process; does nothing when it runs already."""
        if self.alive():
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=self._cwd,
                user=self._user,
                extra_groups=[] if self._user is not None else None,
                process_group=0,
            )
        self.starts += 1

    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self, sig: signal.Signals = signal.SIGTERM, *, grace: float = 10.0) -> None:
        """Send ``sig``, wait ``grace`` seconds for the end, then SIGKILL the group. Does nothing when it has ended."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(sig)
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()

    def signal_group(self, sig: signal.Signals) -> None:
        """Send a signal to the process and the children in its group, and wait for nothing."""
        if (pid := self.pid) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, sig)

    def kill(self) -> None:
        """SIGKILL the process and the children in its group, as a power cut would, and reap it."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def last_words(self, lines: int = 1) -> str:
        """The last non-empty lines of the log, for an error message."""
        if not self.log.is_file():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 8192))
            text = log.read().decode(errors="replace")
        return "\n".join([_readable(line.strip()) for line in text.splitlines() if line.strip()][-lines:])

    def death_notice(self) -> str:
        """One line about a process that has ended: how, its last log line, and the log's path."""
        code = self.exit_code
        how = f"ended with exit code {code}"
        if code is not None and code < 0:
            how = f"was ended by {signal.Signals(-code).name}"
        return f"{self.name} {how}: {self.last_words() or 'it logged nothing'} (log: {self.log})"


def _readable(line: str) -> str:
    """A log line for a person: of a JSON object what happened and why, anything else as it is."""
    try:
        entry = json.loads(line)
        what, level = entry["event"], entry["level"]
    except (ValueError, TypeError, KeyError):
        return line
    why = entry.get("error") or entry.get("exception") or ""
    return f"{level}: {what}" + (f" ({str(why).splitlines()[-1]})" if why else "")


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on now."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """``count`` different free TCP ports, below those that the system gives to outgoing connections.

    (A port out of that range could be taken by anybody's next connection before its server has bound it.)
    """
    found: list[int] = []
    candidates = random.SystemRandom().sample(range(*PORTS), count * 20)
    for port in candidates:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((LOOPBACK, port))
            found.append(port)
        if len(found) == count:
            return found
    raise StartError(f"no {count} free TCP ports between {PORTS[0]} and {PORTS[1]}")


def port_is_taken(port: int) -> bool:
    """Whether somebody listens on the loopback port already."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((LOOPBACK, port)) == 0


def wait_until(ready: Callable[[], bool], child: Child, *, timeout: float, poll: float = 0.02) -> None:
    """Poll ``ready`` until it is true; StartError when the child dies first or ``timeout`` seconds pass."""
    deadline = time.monotonic() + timeout
    while not ready():
        if not child.alive():
            raise StartError(child.death_notice())
        if time.monotonic() > deadline:
            raise StartError(
                f"{child.name} was not ready after {timeout:.0f} s: {child.last_words()} (log: {child.log})"
            )
        time.sleep(poll)
