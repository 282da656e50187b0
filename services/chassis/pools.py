"""Thread pools that can be looked at: how many threads are busy, how many tasks wait, and for how long they did."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from time import perf_counter
from typing import ParamSpec, TypeVar

from chassis import telemetry

P = ParamSpec("P")
R = TypeVar("R")
waited = telemetry.histogram("polyclinic.pool.wait", "s", "time a task waited for a free thread")


class MeasuredPool(ThreadPoolExecutor):
    """A ThreadPoolExecutor that counts. `name` is "rpc" (requests) or "work" (messages and due items)."""

    def __init__(self, name: str, threads: int) -> None:
        super().__init__(threads, thread_name_prefix=name)
        self.name = name
        self.threads = threads
        self._counting = Lock()
        self._busy = 0
        self._waiting = 0

    @property
    def busy(self) -> int:
        """Threads that run a task now."""
        return self._busy

    @property
    def waiting(self) -> int:
        """Tasks that wait for a thread now."""
        return self._waiting

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """As `ThreadPoolExecutor.submit`."""
        submitted = perf_counter()
        with self._counting:
            self._waiting += 1

        def run() -> R:
            with self._counting:
                self._waiting -= 1
                self._busy += 1
            waited.record(perf_counter() - submitted, {"pool": self.name})
            try:
                return fn(*args, **kwargs)
            finally:
                with self._counting:
                    self._busy -= 1

        try:
            return super().submit(run)
        except RuntimeError:  # shut down
            with self._counting:
                self._waiting -= 1
            raise

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As `ThreadPoolExecutor.shutdown`; what is cancelled waits no more."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        if cancel_futures:
            with self._counting:
                self._waiting = 0
