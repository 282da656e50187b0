"""No read may cost more because somebody has been a patient for long: every read RPC on 7 times a history and on 700 times.

The request is the one of tests/<service>/cases.py, and, where a list may be narrowed to a patient, that one too. A new RPC is
covered by itself; one that may cost more is named with its bound and the reason in its service's cases (`BOUNDS`).
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import pytest
from google.protobuf.message import Message

from chassis import descriptors
from chassis.testing import Harness
from tests.contracts import registry
from tests.contracts.growth import Bound, Cost, History, counted
from tests.contracts.worlds import whole
from tests.depth import pieces

SHORT, LONG = 7, 700
PAGE = 3
# Rows that a read may visit in all tables together, whatever there is.
MOST_VISITED = 500
# Four things on a page may be of one patient or of four, with a row of their own each.
OTHERS_ON_A_PAGE = 2 * PAGE

READS = [method for method in registry.RPCS if descriptors.rpc(method).read_only]
# The largest history takes as long to make as all the others: it is for `make deep-test`.
IN_DEPTH = "billing"
every_read = pytest.mark.parametrize(
    "method", pieces(READS, *[one for one in READS if registry.service_of(one) != IN_DEPTH]), ids=registry.rpc_id
)
every_service = pytest.mark.parametrize(
    "service", pieces(registry.SERVICES, *[one for one in registry.SERVICES if one != IN_DEPTH])
)


@dataclass
class Read:
    """One request, and what it cost on a short and on a long history."""

    request: Message
    short: Cost
    long: Cost
    answer: Message


class Measured:
    """The reads of one service."""

    def __init__(self, service: str, harness: Harness, dsn: str) -> None:
        module = importlib.import_module(f"tests.{service}.cases")
        world = whole(module.world(harness, harness.tenant()))
        self._harness, self._cases, self._tenant = harness, module.CASES, world.tenant_id
        requests = {
            method.name: self._cases[method.name].request(world)
            for method in READS
            if registry.service_of(method) == service and method.name in self._cases
        }
        history = History(service, dsn, world.tenant_id, module.SETTLED, module.FEW)
        asked = {name: self._variants(request, history.patient_with_most()) for name, request in requests.items()}
        self.nothing_to_copy = history.nothing_to_copy()
        try:
            history.grow(SHORT)
            short = {name: [self._cost(name, request) for request in some] for name, some in asked.items()}
            history.grow(LONG)
            long = {name: [self._cost(name, request) for request in some] for name, some in asked.items()}
        finally:
            history.close()
        self.reads = {
            name: [
                Read(request, short[name][n][0], long[name][n][0], long[name][n][1]) for n, request in enumerate(some)
            ]
            for name, some in asked.items()
        }

    @staticmethod
    def _variants(request: Message, patient: Any) -> list[Message]:
        fields = request.DESCRIPTOR.fields_by_name
        if "page_size" in fields:
            request.page_size = PAGE
        if patient is None or "patient_id" not in fields or request.patient_id or "page_size" not in fields:
            return [request]
        narrowed = type(request)()
        narrowed.CopyFrom(request)
        narrowed.patient_id = str(patient)
        return [request, narrowed]

    def _cost(self, name: str, request: Message) -> tuple[Cost, Message]:
        rpc, case = self._harness.rpc(name, request), self._cases[name]
        permissions = [*filter(None, [rpc.permission]), *case.permissions]
        if rpc.public:
            client = self._harness.anonymous()
        else:
            tenant = None if case.operator else self._tenant
            client = self._harness.client(tenant, permissions, service=case.service or None)
        client.call(name, request)  # statements that only the first call needs are not what grows
        with counted(self._harness) as cost:
            answer = client.call(name, request)
        return cost, answer


@pytest.fixture(scope="session")
def measured(service_harness, postgres):
    """`measured("scheduling")` → its reads; made once."""
    made: dict[str, Measured] = {}

    def of(service: str) -> Measured:
        if service not in made:
            module = importlib.import_module(f"tests.{service}.cases")
            harness = service_harness(service, **getattr(module, "ENVIRONMENT", {}))
            made[service] = Measured(service, harness, postgres.admin_url(service))
        return made[service]

    return of


@every_read
def test_a_read_costs_the_same_on_a_long_history(method, measured):
    """As many statements and as many rows on 700 visits as on 7, and no table is gone through to find them."""
    service = registry.service_of(method)
    bound = importlib.import_module(f"tests.{service}.cases").BOUNDS.get(method.name, Bound(""))
    complaints = []
    reads = measured(service).reads
    assert method.name in reads, f"tests/{service}/cases.py has no case for {method.name}"
    for read in reads[method.name]:
        short, long = read.short, read.long
        as_many_rows = long.rows <= (short.rows + OTHERS_ON_A_PAGE if bound.rows is None else bound.rows)
        found_straight = bound.visits_all or long.visited <= max(MOST_VISITED, short.visited)
        if long.statements != short.statements or not as_many_rows or not found_straight:
            complaints.append("\n".join([str(read.request), f"short: {short}", f"long: {long}", *long.texts]))
    assert not complaints, "\n".join(complaints)


@every_service
def test_bounds_name_reads_that_need_them(service, measured):
    """A read that has become as cheap on a long history as on a short one is no longer an exception.

    What still grows, and stays below the limit on this history, by this plan and on this day, may be one.
    """
    bounds = importlib.import_module(f"tests.{service}.cases").BOUNDS
    needless = [
        name
        for name, bound in bounds.items()
        if not bound.by_hour
        and all(
            read.long.rows <= read.short.rows + OTHERS_ON_A_PAGE
            and read.long.visited <= min(2 * read.short.visited, max(MOST_VISITED, read.short.visited))
            for read in measured(service).reads[name]
        )
    ]
    assert needless == []


@every_service
def test_the_example_world_has_some_of_every_history(service, measured):
    """A table about patients without a row in the world of the cases never grows, and nothing is proved about its reads: it is named."""
    not_made = importlib.import_module(f"tests.{service}.cases").NOT_MADE
    assert set(measured(service).nothing_to_copy) <= not_made
