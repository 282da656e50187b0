"""Finds the entries of a bundle in a stream of JSON events and builds those that are wanted, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

# FHIR resources nest about ten levels; deeper than this is an attack or a mistake.
MAX_DEPTH = 64
# Stands for an entry that was nested deeper than that.
TOO_DEEP = object()
_OPENING = {"start_map": dict, "start_array": list}
_CLOSING = frozenset({"end_map", "end_array"})


class EntryScanner:
    """Takes the events of ijson's basic parser and calls ``take`` with each entry of ``Bundle.entry`` as it ends.

    Of a resource whose type is not in ``wanted`` only the type is kept: most of a bundle is never built at all.
    ``top`` holds the bundle's own ``resourceType`` and ``type``.
    """

    def __init__(self, take: Callable[[Any], None], wanted: frozenset[str]) -> None:
        self._take = take
        self._wanted = wanted
        self.top: dict[str, Any] = {}
        self._depth = 0
        self._top_key = ""
        self._in_entries = False
        # The containers of the entry that is being built, outermost first, and the key each waits for a value of.
        self._stack: list[Any] = []
        self._keys: list[str] = []
        # The depth at which building goes on after something unwanted (0 while everything is built), and whether what
        # ends there is on the stack.
        self._resume_at = 0
        self._resume_pops = False
        self._too_deep = False

    def feed(self, events: Iterable[tuple[str, Any]]) -> None:
        """Takes the next events."""
        for event, value in events:
            if event in _OPENING:
                self._depth += 1
                self._open(_OPENING[event]())
            elif event in _CLOSING:
                self._close()
                self._depth -= 1
            elif event == "map_key":
                if self._stack:
                    self._keys[-1] = value
                elif self._depth == 1:
                    self._top_key = value
            else:
                self._scalar(value)

    def _open(self, container: Any) -> None:
        if self._stack:
            if self._resume_at:
                return
            if len(self._stack) >= MAX_DEPTH:
                self._too_deep = True
                self._resume_at, self._resume_pops = self._depth, False
                return
            self._attach(container)
            self._push(container)
        elif self._in_entries and self._depth == 3:
            self._push(container)
        elif self._depth == 2 and self._top_key == "entry" and isinstance(container, list):
            self._in_entries = True

    def _close(self) -> None:
        if self._stack:
            if self._resume_at:
                if self._depth > self._resume_at:
                    return
                self._resume_at = 0
                if not self._resume_pops:
                    return
            whole = self._stack.pop()
            self._keys.pop()
            if not self._stack:
                self._take(TOO_DEEP if self._too_deep else whole)
                self._too_deep = False
        elif self._in_entries and self._depth == 2:
            self._in_entries = False

    def _scalar(self, value: Any) -> None:
        if self._stack:
            if self._resume_at:
                return
            self._attach(value)
            if len(self._stack) == 2 and self._keys[1] == "resourceType" and self._keys[0] == "resource":
                self._skip_unwanted(value)
        elif self._in_entries:
            self._take(value)
        elif self._depth == 1 and self._top_key in ("resourceType", "type"):
            self.top[self._top_key] = value

    def _skip_unwanted(self, kind: Any) -> None:
        """The rest of this resource is not built; building goes on when the resource ends."""
        if isinstance(kind, str) and kind not in self._wanted:
            self._resume_at, self._resume_pops = self._depth, True

    def _push(self, container: Any) -> None:
        self._stack.append(container)
        self._keys.append("")

    def _attach(self, value: Any) -> None:
        holder = self._stack[-1]
        if isinstance(holder, list):
            holder.append(value)
        else:
            holder[self._keys[-1]] = value
