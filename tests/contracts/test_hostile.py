"""Whatever a field of a request holds, an RPC answers or refuses it by name: no value makes a service stumble.

The request is the one of tests/<service>/cases.py; each field, one at a time, is given what a stranger's program might send. Of
the many requests that makes, each run sends the same few of each RPC.
"""

from __future__ import annotations

import importlib
import random

import pytest

from chassis import descriptors, errors
from tests.contracts import hostile, registry

# Of each RPC, out of the sixty or so that there are of most; the more, the longer.
SENT = 12

pytestmark = [pytest.mark.slow, pytest.mark.hostile]


@pytest.mark.parametrize("method", registry.RPCS, ids=registry.rpc_id)
def test_no_value_makes_an_rpc_stumble(method, service_harness):
    """Each is answered, or refused with a reason that programs can read; of bad input every refusal names a field or a rule."""
    service, rpc = registry.service_of(method), descriptors.rpc(method)
    module = importlib.import_module(f"tests.{service}.cases")
    harness = service_harness(service, **getattr(module, "ENVIRONMENT", {}))
    world = module.world(harness, harness.tenant())
    case = module.CASES[method.name]
    permissions = [*filter(None, [rpc.permission]), *case.permissions]
    if rpc.public:
        client = harness.anonymous()
    elif case.operator:
        client = harness.client(None, permissions)
    else:
        client = harness.client(world.tenant_id, permissions, service=case.service or None)
    everything = list(hostile.variants(case.request(world)))
    stumbled = []
    for what, request in random.Random(method.full_name).sample(everything, min(SENT, len(everything))):
        try:
            client.call(method.name, request)
        except errors.Error as refused:
            if refused.reason == "INTERNAL" or (refused.reason == "INVALID_INPUT" and not refused.violations):
                stumbled.append(f"{what}: {refused.reason} {refused.message}")
    assert not stumbled, "\n".join(stumbled)
