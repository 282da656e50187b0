"""Passwords that a stack makes for itself."""

from __future__ import annotations

import json
import secrets
import threading
from pathlib import Path


class Secrets:
    """Passwords made on first use and kept in one file (mode 0600); safe to ask from threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def __contains__(self, name: object) -> bool:
        """Whether the secret of this name has been made."""
        with self._lock:
            return name in self._kept()

    def get(self, name: str) -> str:
        """The secret of this name; made and stored when it is asked for the first time."""
        with self._lock:
            kept = self._kept()
            if name not in kept:
                kept[name] = secrets.token_urlsafe(24)
                temporary = self._path.with_suffix(".new")
                temporary.touch(mode=0o600)
                temporary.write_text(json.dumps(kept, indent=1, sort_keys=True))
                temporary.replace(self._path)
            return kept[name]

    def _kept(self) -> dict[str, str]:
        return dict(json.loads(self._path.read_text())) if self._path.is_file() else {}
