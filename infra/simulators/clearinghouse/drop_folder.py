"""The drop-folder flavour of the wire: files moved into `outbound/` are taken, answers appear in `inbound/`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path


class DropFolder:
    """An SFTP-like pair of folders. Writers move a file in under a temporary name and rename it when it is whole."""

    def __init__(self, root: Path) -> None:
        """Makes `outbound/` and `inbound/` below `root`, and below outbound `taken/` and `refused/` for what was read."""
        self._inbound = root / "inbound"
        self._outbound = root / "outbound"
        self._taken = self._outbound / "taken"
        self._refused = self._outbound / "refused"
        for folder in (self._inbound, self._taken, self._refused):
            folder.mkdir(parents=True, exist_ok=True)

    def waiting(self) -> Iterator[Path]:
        """Whole files in `outbound/`, by name; those with a leading dot, .part or .tmp are still being written."""
        for path in sorted(self._outbound.iterdir()):
            if path.is_file() and not path.name.startswith(".") and path.suffix not in (".part", ".tmp"):
                yield path

    def keep(self, submitter: str, name: str, body: bytes) -> None:
        """Keeps a file that was taken, over whichever way it came, as `outbound/taken/<submitter>/<name>`."""
        folder = self._taken / re.sub(r"[^A-Za-z0-9._-]", "_", submitter).strip(".")
        folder.mkdir(exist_ok=True)
        _write_whole(folder / name, body)

    def put_inbound(self, name: str, body: bytes) -> None:
        """Makes an answer appear in `inbound/`."""
        _write_whole(self._inbound / name, body)

    def refuse(self, path: Path) -> None:
        """Moves a file away whose name was used before with other content."""
        path.replace(self._refused / path.name)


def _write_whole(path: Path, body: bytes) -> None:
    """Readers of the folder never see half a file."""
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_bytes(body)
    os.replace(temporary, path)
