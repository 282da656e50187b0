"""A TURN server of the tests' own: Debian's coturn, on loopback, unprivileged, with the settings of the chart where they matter."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.process import port_is_taken

PROGRAM = "turnserver"
READY_SECONDS = 10.0
NOBODY = "nobody"


@dataclass
class Relay:
    """coturn on one port, with the secret that telehealth signs credentials with."""

    port: int
    secret: str = field(repr=False)
    _process: subprocess.Popen[bytes] | None = None
    _folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="turn-")))

    @staticmethod
    def missing() -> bool:
        """Whether this machine has no coturn."""
        return shutil.which(PROGRAM) is None

    def start(self) -> None:
        """Starts it and waits until it listens; a second start after a stop has forgotten every allocation."""
        command = [
            PROGRAM,
            "-n",
            "--listening-ip=127.0.0.1",
            "--relay-ip=127.0.0.1",
            f"--listening-port={self.port}",
            "--realm=polyclinic",
            "--fingerprint",
            "--use-auth-secret",
            f"--static-auth-secret={self.secret}",
            "--no-cli",
            "--no-tls",
            "--no-dtls",
            "--no-multicast-peers",
            "--no-tcp-relay",
            "--total-quota=400",
            "--user-quota=24",
            # The chart forbids these: here everybody is on one machine.
            "--allow-loopback-peers",
            f"--pidfile={self._folder / 'pid'}",
            f"--userdb={self._folder / 'db'}",
            "--log-file=stdout",
            "--simple-log",
        ]
        self._folder.chmod(0o777)  # nobody's, when it is started by root
        somebody = {"user": NOBODY, "group": "nogroup"} if os.geteuid() == 0 else {}
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder, **somebody)  # type: ignore[call-overload]
        until = time.monotonic() + READY_SECONDS
        while not port_is_taken(self.port):
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < until, self.log()
            time.sleep(0.05)

    def stop(self) -> None:
        """Kills it: from one moment to the next nothing is relayed any more."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Stops it and takes its folder away."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def log(self) -> str:
        """The end of what it said."""
        return (self._folder / "log").read_text(errors="replace")[-2000:]
