"""For every RPC: a refusal without its permission, the owner's success, 404 for another tenant and another patient.

The examples are in tests/<service>/cases.py; an RPC without one fails here.
"""

from __future__ import annotations

import importlib

import pytest

from chassis import descriptors, errors
from chassis.ids import uuid7
from chassis.testing import Case, expect_error
from tests.contracts import registry
from tests.contracts.worlds import whole

every_rpc = pytest.mark.parametrize("method", registry.RPCS, ids=registry.rpc_id)
every_read, every_write = (
    pytest.mark.parametrize(
        "method", [one for one in registry.RPCS if descriptors.rpc(one).read_only is reads], ids=registry.rpc_id
    )
    for reads in (True, False)
)


def cases_of(service):
    return importlib.import_module(f"tests.{service}.cases")


@pytest.fixture
def harness(method, service_harness):
    """The real service that serves the RPC."""
    module = cases_of(registry.service_of(method))
    return service_harness(registry.service_of(method), **getattr(module, "ENVIRONMENT", {}))


@pytest.fixture
def case(method) -> Case:
    """The RPC's example."""
    cases = cases_of(registry.service_of(method)).CASES
    assert method.name in cases, f"tests/{registry.service_of(method)}/cases.py has no case for {method.name}"
    return cases[method.name]


@every_rpc
def test_without_its_permission_a_caller_is_refused(method, harness):
    """Neither no token nor a token without the permission gets in."""
    rpc = descriptors.rpc(method)
    request = rpc.request_class()
    if rpc.public:
        try:
            harness.anonymous().call(method.name, request)
        except errors.Error as refused:  # an empty request is refused cleanly, or welcome
            assert refused.reason != "INTERNAL"
        return
    with expect_error("UNAUTHENTICATED"):
        harness.anonymous().call(method.name, request)
    try:
        harness.client(harness.tenant(), ["nothing.at_all"]).call(method.name, request)
    except errors.Error as refused:
        assert refused.reason == "PERMISSION_DENIED"
        assert rpc.permission in refused.message
    else:
        raise AssertionError("a token without the permission got in")


@every_read
def test_the_permission_suffices_to_read_and_other_tenants_see_nothing(method, harness, case, world_of_reads):
    """The owner's example succeeds; the same request from another tenant is told that there is no such thing.

    Reads leave their world as it was, so that one world serves all of a service's.
    """
    expect_answer_for_the_permitted_alone(method, harness, case, world_of_reads(harness))


@every_write
def test_the_permission_suffices_to_write_and_other_tenants_see_nothing(method, harness, case):
    """The owner's example succeeds, in a world of its own; the same request from another tenant is told that there is no such thing."""
    module = cases_of(registry.service_of(method))
    expect_answer_for_the_permitted_alone(method, harness, case, module.world(harness, harness.tenant()))


@pytest.fixture(scope="module")
def world_of_reads():
    """`world_of_reads(harness)` → the world of the service's reads; made once."""
    made = {}

    def of(harness):
        if harness.name not in made:
            made[harness.name] = whole(cases_of(harness.name).world(harness, harness.tenant()))
        return made[harness.name]

    return of


def expect_answer_for_the_permitted_alone(method, harness, case, world):
    """Another tenant and another patient get nothing by the example's request; who has its permission gets the answer."""
    rpc = descriptors.rpc(method)
    request = case.request(world)
    permissions = [*filter(None, [rpc.permission]), *case.permissions]

    def client(tenant_id):
        if rpc.public:
            return harness.anonymous()
        if case.operator:
            return harness.client(None, permissions)
        return harness.client(tenant_id, permissions, service=case.service or None)

    if case.names_resource and not rpc.public:
        with expect_error("NOT_FOUND"):
            client(harness.tenant()).call(method.name, request)
        if rpc.patient_self and not case.any_patient:
            try:
                harness.client(world.tenant_id, patient_ids=[uuid7()]).call(method.name, request)
            except errors.Error as refused:
                assert refused.reason in ("NOT_FOUND", "PERMISSION_DENIED"), refused.reason
            else:
                raise AssertionError("another patient got an answer")
    answer = client(world.tenant_id).call(method.name, request)
    assert answer.DESCRIPTOR.full_name == rpc.response_class.DESCRIPTOR.full_name
