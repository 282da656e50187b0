"""A gate through which work begins, so that all of it can be brought to rest."""

from __future__ import annotations

import threading


class Gate:
    """Lets desks begin something, or not; ``close`` returns when nobody is in the middle of anything."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._open = False
        self._inside = 0
        self.ended = False

    def __enter__(self) -> Gate:
        with self._condition:
            self._condition.wait_for(lambda: self._open or self.ended)
            self._inside += 1
        return self

    def __exit__(self, *error: object) -> None:
        with self._condition:
            self._inside -= 1
            self._condition.notify_all()

    def open(self) -> None:
        """Work may begin."""
        with self._condition:
            self._open = True
            self._condition.notify_all()

    def close(self, timeout: float) -> bool:
        """No new work begins; whether all work under way has ended within ``timeout`` real seconds."""
        with self._condition:
            self._open = False
            return self._condition.wait_for(lambda: self._inside == 0, timeout)

    def end(self) -> None:
        """Everybody goes home."""
        with self._condition:
            self.ended = True
            self._condition.notify_all()
