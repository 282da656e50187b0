"""Audit: what the services wrote down equals what the gateway saw pass, request by request."""

from __future__ import annotations

import importlib
import json
from collections import Counter
from collections.abc import Iterator

from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor
from polyclinic.options.v1 import options_pb2

from infra.day.context import Day
from infra.day.invariants import Finding
from infra.local.plan import ROOT

AUDITED = """
    SELECT request_id, rpc, outcome, count(*) AS n FROM audit_entry
    WHERE tenant_id = %s AND phi IN ('read', 'write') GROUP BY request_id, rpc, outcome
"""


def audit_equals_the_request_log(day: Day) -> Finding:
    """Every call that read or wrote health information has its audit entry, and no entry is without its call.

    The gateway's request log is written before any service is asked and knows nothing of the audit; which RPCs touch
    health information is read from the contracts' descriptors.
    """
    phi = phi_rpcs()
    passed: Counter[tuple[str, str]] = Counter()
    with day.stack.plan.request_log.open() as lines:
        for text in lines:
            line = json.loads(text)
            if (
                line["rpc"] in phi
                and line["calls"]
                and line["status"] < 400
                and line["tenant_id"] == day.cast.tenant_id
            ):
                passed[line["request_id"], line["rpc"]] += line["calls"]
    rows = day.observer.databases.rows("identity", AUDITED, [day.cast.tenant_id])
    written = Counter({(row["request_id"], row["rpc"]): row["n"] for row in rows if row["outcome"] == "OK"})
    failures = [
        f"{rpc} (request {request_id}) passed {calls} times and was audited {written.get((request_id, rpc), 0)} times"
        for (request_id, rpc), calls in passed.items()
        if written.get((request_id, rpc), 0) != calls
    ]
    from_outside = {request_id for request_id, _ in passed}
    failures += [
        f"{rpc} (request {request_id}) was audited and never passed the gateway"
        for (request_id, rpc) in written
        if request_id in from_outside and (request_id, rpc) not in passed and rpc not in phi
    ]
    return Finding(
        "audit entries equal the gateway's log of health information read and written", len(passed), failures
    )


def options_of(method: MethodDescriptor) -> options_pb2.Access:
    """What the contract says about an RPC (``polyclinic.options.v1.access``)."""
    access: options_pb2.Access = method.GetOptions().Extensions[options_pb2.access]  # type: ignore[index]
    return access


def phi_rpcs() -> set[str]:
    """The full names of RPCs whose contract says that they read or write health information."""
    found: set[str] = set()
    for contract in contracts():
        for service in contract.services_by_name.values():
            for method in service.methods:
                if options_of(method).phi in (options_pb2.PHI_READ, options_pb2.PHI_WRITE):
                    found.add(f"{service.full_name}/{method.name}")
    return found


def contracts() -> Iterator[FileDescriptor]:
    """Every contract in ``build/protos/image.binpb``, the image that the generator writes from all of ``protos/``."""
    image = descriptor_pb2.FileDescriptorSet.FromString((ROOT / "build" / "protos" / "image.binpb").read_bytes())
    pool = descriptor_pool.Default()
    for file in image.file:
        if file.name.startswith("polyclinic/"):
            importlib.import_module(file.name.removesuffix(".proto").replace("/", ".") + "_pb2")
            yield pool.FindFileByName(file.name)


PROOFS = [audit_equals_the_request_log]
