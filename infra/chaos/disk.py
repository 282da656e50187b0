"""A disk of its own for NATS that can really be full: a file system in memory, held by a namespace of its own.

No root is needed where the kernel lets users make namespaces; where it does not, ``SmallDisk.make`` answers None.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Final

MEGABYTES: Final = 256
READY_SECONDS: Final = 5.0
# It ends when we do, however we end: nobody holds its standard input any more then.
HOLD: Final = 'mount -t tmpfs -o size="$2"m tmpfs "$1" && echo ready && exec cat'
FILLER: Final = "filler"


class SmallDisk:
    """A file system of some megabytes at ``folder``, which only programs started through ``launcher`` see there."""

    def __init__(self, holder: subprocess.Popen[bytes], folder: Path) -> None:
        self._holder = holder
        self._folder = folder

    @classmethod
    def make(cls, folder: Path) -> SmallDisk | None:
        """Makes it; None where users may not make namespaces."""
        folder.mkdir(parents=True, exist_ok=True)
        if not cls.allowed():
            return None
        command = ["unshare", "--map-root-user", "--mount", "sh", "-c", HOLD, "sh", str(folder), str(MEGABYTES)]
        pipe = subprocess.PIPE
        holder = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, process_group=0)
        if holder.stdout is not None and holder.stdout.readline() == b"ready\n":
            return cls(holder, folder)
        holder.wait(READY_SECONDS)
        return None

    @staticmethod
    def allowed() -> bool:
        """Whether this machine's users may make namespaces."""
        unshare = shutil.which("unshare")
        if unshare is None or shutil.which("nsenter") is None:
            return False
        probe = [unshare, "--map-root-user", "--mount", "true"]
        return subprocess.run(probe, capture_output=True, check=False, timeout=READY_SECONDS).returncode == 0

    @property
    def launcher(self) -> tuple[str, ...]:
        """What a program's command begins with, so that it sees the disk."""
        return ("nsenter", "--target", str(self._holder.pid), "--user", "--mount", "--preserve-credentials")

    @property
    def root(self) -> Path:
        """The disk's files, seen from outside."""
        return Path(f"/proc/{self._holder.pid}/root{self._folder}")

    def fill(self) -> int:
        """Writes until nothing more fits; how many bytes that were."""
        written = 0
        with (self.root / FILLER).open("ab", buffering=0) as filler:
            for size in (1 << 20, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while True:
                        written += filler.write(bytes(size))
        return written

    def free(self) -> None:
        """Takes away what ``fill`` wrote."""
        (self.root / FILLER).unlink(missing_ok=True)

    def lose(self) -> None:
        """Everything on it is gone."""
        for entry in self.root.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    def close(self) -> None:
        """Ends the namespace, and the disk with it."""
        self._holder.send_signal(signal.SIGKILL)
        self._holder.wait()
        for pipe in (self._holder.stdin, self._holder.stdout):
            if pipe is not None:
                pipe.close()
