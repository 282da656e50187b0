"""Every RPC and every event of every contract, found in the generated packages: a new one is under test at once."""

from __future__ import annotations

import importlib
from pathlib import Path

import polyclinic.options.v1.options_pb2
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet

GENERATED = Path(polyclinic.options.v1.options_pb2.__file__).parents[3]
NOT_SERVICES = {"options", "types", "audit"}


def _import_all() -> list[str]:
    names = []
    for path in sorted(GENERATED.glob("polyclinic/*/v1/*_pb2.py")):
        module = ".".join(path.relative_to(GENERATED).with_suffix("").parts)
        names.append(importlib.import_module(module).DESCRIPTOR.name)
    return names


FILES = [descriptor_pool.Default().FindFileByName(name) for name in _import_all()]
RPCS: list[MethodDescriptor] = [
    method for file in FILES for service in file.services_by_name.values() for method in service.methods
]
EVENT_FILES = [file for file in FILES if file.name.endswith("/events.proto")]
EVENTS: list[Descriptor] = [message for file in EVENT_FILES for message in file.message_types_by_name.values()]
SERVICES = sorted({method.containing_service.file.package.split(".")[1] for method in RPCS})


def service_of(method: MethodDescriptor) -> str:
    """The service whose contract the method is in."""
    return method.containing_service.file.package.split(".")[1]


def rpc_id(method: MethodDescriptor) -> str:
    """A readable test id."""
    return f"{service_of(method)}.{method.name}"


def comments() -> dict[str, str]:
    """Leading comment of each RPC by full name, from the image with source info."""
    image = FileDescriptorSet.FromString((GENERATED / "image.binpb").read_bytes())
    found = {}
    for file in image.file:
        for location in file.source_code_info.location:
            if len(location.path) == 4 and location.path[0] == 6 and location.path[2] == 2:
                service = file.service[location.path[1]]
                method = service.method[location.path[3]]
                found[f"{file.package}.{service.name}.{method.name}"] = location.leading_comments.strip()
    return found
