"""Which services exist: found in the generated package, so that a new one needs no edit here."""

from __future__ import annotations

import importlib
from pathlib import Path

from google.protobuf.descriptor import ServiceDescriptor

ROOT = "polyclinic"


def find_services(root: str = ROOT) -> list[ServiceDescriptor]:
    """All gRPC services of the generated package ``polyclinic.*.v<n>``, ordered by full name."""
    found: dict[str, ServiceDescriptor] = {}
    # The generated folders carry no __init__.py, so the files are looked for rather than walked as packages.
    for folder in importlib.import_module(root).__path__:
        for path in Path(folder).rglob("*_pb2.py"):
            dotted = ".".join((root, *path.relative_to(folder).with_suffix("").parts))
            services = importlib.import_module(dotted).DESCRIPTOR.services_by_name.values()
            found |= {service.full_name: service for service in services}
    return sorted(found.values(), key=lambda service: str(service.full_name))


def service_key(service: ServiceDescriptor) -> str:
    """The name under which a service is deployed and addressed: ``polyclinic.billing.v1.Billing`` → ``billing``."""
    return str(service.file.package.split(".")[1])
