"""Folders that another system user can enter: PostgreSQL refuses to run as root, and runs as somebody who may be let in nowhere."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Final

from infra.local.process import StartError

LONGEST_SOCKET_PATH: Final = 100
# A list of folders for PostgreSQL and a URL for its clients both name the socket: what either reads as more than a name is avoided.
_PLAIN: Final = re.compile(r"[A-Za-z0-9._/+-]+", re.ASCII)


def others_may_enter(path: Path) -> bool:
    """Whether every system user can reach ``path``."""
    return all(folder.stat().st_mode & 0o001 for folder in path.parents if folder.exists())


def may_hold_a_socket(folder: Path) -> bool:
    """Whether PostgreSQL's socket may lie here: the path is short enough, and plain."""
    return len(str(folder)) <= LONGEST_SOCKET_PATH - len("/.s.PGSQL.65535") and bool(_PLAIN.fullmatch(str(folder)))


def substitute(kind: str, path: Path) -> Path:
    """A folder that every user can enter, standing in for one inside e.g. ``/root``, which only root can. StartError."""
    key = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"polyclinic-{kind}-{key}"
    folder.mkdir(exist_ok=True)
    if folder.stat().st_uid != os.geteuid():
        raise StartError(f"{folder} is needed for PostgreSQL's {kind} but belongs to another user; delete it")
    folder.chmod(0o711)  # whatever the umask
    return folder


def let_everybody_read(folder: Path) -> None:
    """Files that were installed under a strict umask are run by another user: a program for one is a program for all."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if mode & 0o100 else 0o444))
