"""Fixtures of every test: real PostgreSQL and NATS, and services in process (see docs/guides/writing-a-service.md §11).

And how the tests are spread over the worker processes of ``pytest -n``.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import infra.local  # noqa: F401  (tells gRPC, before its first use, that this process forks)
import pytest
from xdist.scheduler import LoadFileScheduling

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController

pytest_plugins = ["chassis.testing.plugin"]

# The journeys of one folder share a running system; another one, of another worker, would take as long to start as they take.
TOGETHER = "tests/journeys/"
APART = ("tests/journeys/test_alone.py",)
# Begun first, in this order: what takes long, by file or by folder. What is left for the end are many short files, so that neither
# worker has much to do when the others have nothing.
LONG = (
    TOGETHER,
    *APART,
    "tests/contracts/test_authorization.py",
    "tests/infra/test_stack.py",
    "tests/contracts/test_bounds.py",
    "tests/infra/test_chaos_backup.py",
    "tests/cluster/test_restore.py",
    "tests/scheduling/test_",
    "tests/console/",
    "tests/billing/claims/",
    "tests/gateway/",
    "tests/portal/",
    "tests/charts/test_servers.py",
    "tests/billing/money/",
    "tests/infra/",
    "tests/chassis/",
    "tests/simulators/",
)


class Spread(LoadFileScheduling):
    """A file is one worker's, the journeys together too; the longest go first."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return TOGETHER if file.startswith(TOGETHER) and file not in APART else file

    def _assign_work_unit(self, node: WorkerController) -> None:
        self.workqueue.move_to_end(min(self.workqueue, key=_place), last=False)
        super()._assign_work_unit(node)


def _place(scope: str) -> int:
    return next((place for place, prefix in enumerate(LONG) if scope.startswith(prefix)), len(LONG))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Spread | None:
    """Ours for ``--dist loadfile``; any other distribution that is asked for is as xdist makes it."""
    return Spread(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Thousands of collected tests live to the end: the garbage collector need not go through them again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()
