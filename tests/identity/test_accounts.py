"""Accounts: a tenant is never left without somebody who can run it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from polyclinic.identity.v1 import identity_pb2 as pb

from chassis.errors import Error
from chassis.testing import Harness, RpcClient, expect_error
from tests.identity.conftest import PASSWORD


@pytest.fixture
def client(identity: Harness, clinic: tuple[str, RpcClient]) -> RpcClient:
    """An API client of the tenant: no change of a person's account ends its token."""
    slug, _ = clinic
    request = pb.SignInRequest(tenant=slug, login="owner@example.org", password=PASSWORD)
    signed_in = identity.anonymous().call("SignIn", request)
    return identity.client(UUID(signed_in.tenant_id), ["*"])


def owners(client: RpcClient) -> list[pb.Account]:
    """The active owners of the tenant."""
    request = pb.ListAccountsRequest(role=pb.ROLE_OWNER, active_only=True)
    return list(client.call("ListAccounts", request).accounts)


def another_owner(client: RpcClient, login: str) -> pb.Account:
    request = pb.CreateAccountRequest(login=login, name=login.title(), password=PASSWORD, roles=[pb.ROLE_OWNER])
    return client.call("CreateAccount", request)


def disable(client: RpcClient, account: pb.Account) -> str:
    """What becomes of a request to disable an account: "disabled", or why not; one that had to wait too long is sent again."""
    for _ in range(20):
        try:
            client.call("DisableAccount", pb.DisableAccountRequest(account_id=account.account_id, reason="has left"))
        except Error as error:
            if error.reason != "UNAVAILABLE":
                return error.reason
        else:
            return "disabled"
    raise AssertionError("not decided after twenty requests")


def test_the_last_owner_is_neither_disabled_nor_given_other_roles(client: RpcClient):
    """Somebody must be able to run the tenant: only when there is another active owner may one go."""
    [first] = owners(client)
    assert disable(client, first) == "LAST_OWNER"
    changed = pb.Account(login=first.login, name=first.name, roles=[pb.ROLE_SCHEDULER])
    mask = FieldMask(paths=["roles"])
    with expect_error("LAST_OWNER"):
        client.call(
            "UpdateAccount",
            pb.UpdateAccountRequest(account_id=first.account_id, account=changed, update_mask=mask),
        )
    second = another_owner(client, "second")
    assert disable(client, first) == "disabled"
    assert [one.account_id for one in owners(client)] == [second.account_id]


def test_owners_who_are_all_disabled_at_once_leave_one(client: RpcClient):
    """Each request sees the others as active when it begins; they are decided one after the other all the same."""
    everybody = [*owners(client), *(another_owner(client, f"owner{number}") for number in range(3))]
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda one: disable(client, one), everybody))
    assert sorted(outcomes) == ["LAST_OWNER", *["disabled"] * 3]
    assert len(owners(client)) == 1
