"""The drop-folder flavour of the wire: files moved into `outbound/` are taken, answers appear in `inbound/`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


class DropFolder:
    """An SFTP-like pair of folders. Writers move a file in under a temporary name and rename it when it is whole."""

    def __init__(self, root: Path) -> None:
        """Makes `outbound/` and `inbound/` below `root`, and below outbound `taken/` and `refused/` for what was read."""
        self.root = root
        self._outbound = root / "outbound"
        self._taken = self._outbound / "taken"
        self._refused = self._outbound / "refused"
        self._taken.mkdir(parents=True, exist_ok=True)
        self._refused.mkdir(exist_ok=True)
        (root / "inbound").mkdir(exist_ok=True)

    def waiting(self) -> Iterator[Path]:
        """Whole files in `outbound/`, by name; those with a leading dot, .part or .tmp are still being written."""
        for path in sorted(self._outbound.iterdir()):
            if path.is_file() and not path.name.startswith(".") and path.suffix not in (".part", ".tmp"):
                yield path

    def taken(self, path: Path) -> None:
        """Moves a file away once it is kept."""
        path.replace(self._taken / path.name)

    def refused(self, path: Path) -> None:
        """Moves a file away whose name was used before with other content."""
        path.replace(self._refused / path.name)
