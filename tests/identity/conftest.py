"""Identity in process."""

from __future__ import annotations

import pytest
from polyclinic.identity.v1 import identity_pb2 as pb

from chassis.testing import Harness, RpcClient

SECRETS = {
    "POLYCLINIC_OPERATOR_SECRET": "operator secret",
    "POLYCLINIC_SERVICE_CLIENT_SECRETS": "billing=billing secret,notifications=n",
    "POLYCLINIC_PASSWORD_MEMORY_KIB": "256",
    "POLYCLINIC_PASSWORD_PASSES": "1",
}
PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def identity(service_harness) -> Harness:
    """The real service with an operator and two service clients."""
    return service_harness("identity", **SECRETS)


@pytest.fixture
def clinic(identity: Harness) -> tuple[str, RpcClient]:
    """A new tenant's slug and a client with its owner's rights, by the operator's public way."""
    operator = identity.client(None, ["platform.operate"])
    slug = "clinic-" + identity.tenant().hex[-12:]
    made = operator.call(
        "CreateTenant",
        pb.CreateTenantRequest(
            slug=slug, name="Clinic", owner_login="Owner@Example.org", owner_name="O", owner_password=PASSWORD
        ),
    )
    from uuid import UUID

    return slug, identity.client(UUID(made.tenant.tenant_id), ["*"], principal_id=made.owner.account_id)
