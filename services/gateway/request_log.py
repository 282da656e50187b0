"""An account of API requests that is independent of the services' audit, so that the two can be compared."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime

from gateway.transcoding.json_out import dumps


class RequestLog:
    """Appends one JSON line per API request; silent without a path. Lines hold templates and ids of callers, no PHI."""

    def __init__(self, path: str, real_now: Callable[[], datetime]) -> None:
        self._path = path
        self._real_now = real_now
        self._descriptor: int | None = None

    def write(
        self,
        *,
        request_id: str,
        verb: str,
        path: str,
        rpc: str,
        calls: int,
        principal_id: str,
        tenant_id: str,
        status: int,
    ) -> None:
        """Notes one request. ``path`` is the template; ``calls`` is how often ``rpc`` was called for it (0: refused
        here)."""
        if not self._path:
            return
        line = {
            "time": self._real_now().isoformat(timespec="milliseconds"),
            "request_id": request_id,
            "verb": verb,
            "path": path,
            "rpc": rpc,
            "calls": calls,
            "principal_id": principal_id,
            "tenant_id": tenant_id,
            "status": status,
        }
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        # One write to an appending descriptor: lines of several threads and processes never mix.
        os.write(self._descriptor, dumps(line) + b"\n")
