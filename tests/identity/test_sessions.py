"""Signing in, refreshing, locking, client credentials, key rotation."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import jwt
import pytest
from jwt.algorithms import OKPAlgorithm
from polyclinic.identity.v1 import api_clients_pb2, events_pb2
from polyclinic.identity.v1 import identity_pb2 as pb
from sqlalchemy import update

from chassis.testing import expect_error
from identity.tables import UserSession
from identity.usecases import sessions
from tests.identity.conftest import PASSWORD


def sign_in(identity, slug, password=PASSWORD, login="owner@example.org"):
    return identity.anonymous().call("SignIn", pb.SignInRequest(tenant=slug, login=login, password=password))


def keys(identity):
    jwks = json.loads(identity.anonymous().call("GetKeySet", pb.GetKeySetRequest()).jwks_json)
    return {key["kid"]: OKPAlgorithm.from_jwk(key) for key in jwks["keys"]}


def claims(identity, token):
    key = keys(identity)[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, key, algorithms=["EdDSA"], audience="polyclinic", issuer="polyclinic")


def test_an_owner_signs_in_and_the_token_says_who_and_for_which_tenant(identity, clinic):
    """The token is signed by a published key and carries tenant and permissions."""
    slug, _ = clinic
    answer = sign_in(identity, slug)
    body = claims(identity, answer.access_token)
    assert (body["knd"], body["tid"], body["prm"]) == ("user", answer.tenant_id, ["*"])


def test_login_is_not_case_sensitive_and_the_password_is(identity, clinic):
    """People type their e-mail address in any case."""
    slug, _ = clinic
    assert sign_in(identity, slug, login="OWNER@example.ORG").access_token
    with expect_error("SIGN_IN_REFUSED"):
        sign_in(identity, slug, password=PASSWORD.upper())


@pytest.mark.parametrize(("tenant", "login"), [("no-such-clinic", "owner@example.org"), (None, "nobody@example.org")])
def test_unknown_tenant_and_unknown_login_are_refused_alike(identity, clinic, tenant, login):
    """The answer does not tell which part was wrong."""
    slug, _ = clinic
    with expect_error("SIGN_IN_REFUSED"):
        sign_in(identity, tenant or slug, login=login)


def test_five_failures_lock_the_account_even_for_the_right_password(identity, clinic):
    """Failures are counted although the call is refused."""
    slug, _ = clinic
    for _ in range(5):
        with expect_error("SIGN_IN_REFUSED"):
            sign_in(identity, slug, password="wrong password")
    with expect_error("ACCOUNT_LOCKED"):
        sign_in(identity, slug)


def test_a_refresh_token_is_exchanged_for_the_next_one(identity, clinic):
    """Requests that were under way with the old one still get an access token, but no second chain of tokens."""
    slug, _ = clinic
    first = sign_in(identity, slug)
    client = identity.anonymous()
    second = client.call("RefreshSession", pb.RefreshSessionRequest(refresh_token=first.refresh_token))
    assert second.refresh_token not in ("", first.refresh_token)
    again = client.call("RefreshSession", pb.RefreshSessionRequest(refresh_token=first.refresh_token))
    assert again.access_token
    assert again.refresh_token == ""


def test_a_stolen_refresh_token_ends_the_session_for_both(identity, clinic):
    """An old token that is used long after it was exchanged means that two parties hold the chain."""
    slug, _ = clinic
    first = sign_in(identity, slug)
    client = identity.anonymous()
    second = client.call("RefreshSession", pb.RefreshSessionRequest(refresh_token=first.refresh_token))
    with identity.session(UUID(first.tenant_id)) as session:
        session.execute(update(UserSession).values(rotated_at=UserSession.rotated_at - timedelta(minutes=1)))
    for token in (first.refresh_token, second.refresh_token):
        with expect_error("SESSION_ENDED"):
            client.call("RefreshSession", pb.RefreshSessionRequest(refresh_token=token))


def test_signing_out_ends_the_session(identity, clinic):
    """After signing out the refresh token is worth nothing; signing out again does no harm."""
    slug, _ = clinic
    token = sign_in(identity, slug).refresh_token
    client = identity.anonymous()
    for _ in range(2):
        client.call("SignOut", pb.SignOutRequest(refresh_token=token))
    with expect_error("SESSION_ENDED"):
        client.call("RefreshSession", pb.RefreshSessionRequest(refresh_token=token))


def test_malformed_refresh_tokens_are_refused_like_unknown_ones(identity):
    """Garbage is no server error."""
    for token in ("x", "a.b.c", "." * 30):
        with expect_error("SESSION_ENDED"):
            identity.anonymous().call("RefreshSession", pb.RefreshSessionRequest(refresh_token=token))


def test_services_operators_and_api_clients_get_tokens_by_their_secrets(identity, clinic):
    """Each kind of client gets just its own rights."""
    _, owner = clinic
    client = identity.anonymous()

    def issue(client_id, secret):
        request = pb.IssueServiceTokenRequest(client_id=client_id, client_secret=secret)
        return claims(identity, client.call("IssueServiceToken", request).access_token)

    assert issue("operator", "operator secret")["prm"] == ["platform.operate"]
    assert issue("billing", "billing secret")["knd"] == "service"
    made = owner.call("CreateApiClient", pb.CreateApiClientRequest(name="kiosk", roles=[pb.ROLE_SCHEDULER]))
    body = issue(made.client_id, made.client_secret)
    assert "schedule.*" in body["prm"]
    assert "*" not in body["prm"]
    for client_id, secret in (("billing", "wrong"), ("telehealth", ""), (made.client_id, "wrong"), ("nobody", "x")):
        with expect_error("SIGN_IN_REFUSED" if secret else "INVALID_INPUT"):
            issue(client_id, secret)


def test_a_new_secret_ends_the_old_one_and_revoking_ends_all(identity, clinic):
    """After a rotation only the new secret draws tokens, after a revocation none; tokens drawn before are refused everywhere."""
    _, owner = clinic
    made = owner.call("CreateApiClient", pb.CreateApiClientRequest(name="mirror", roles=[pb.ROLE_SCHEDULER]))

    def draw(secret):
        request = pb.IssueServiceTokenRequest(client_id=made.client_id, client_secret=secret)
        return identity.anonymous().call("IssueServiceToken", request).access_token

    assert draw(made.client_secret)
    found = owner.call("ListApiClients", api_clients_pb2.ListApiClientsRequest(query="MIRR")).api_clients
    assert [(each.name, each.client_id, each.active) for each in found] == [("mirror", made.client_id, True)]
    one = found[0]
    rotate = api_clients_pb2.RotateApiClientSecretRequest(api_client_id=one.api_client_id, version=one.version)
    renewed = owner.call("RotateApiClientSecret", rotate)
    with expect_error("SIGN_IN_REFUSED"):
        draw(made.client_secret)
    assert draw(renewed.client_secret)
    with expect_error("STALE_VERSION"):
        owner.call("RotateApiClientSecret", rotate)
    revoke = api_clients_pb2.RevokeApiClientRequest(api_client_id=one.api_client_id, reason="replaced")
    revoked = owner.call("RevokeApiClient", revoke)
    assert not revoked.active
    assert owner.call("RevokeApiClient", revoke) == revoked
    with expect_error("SIGN_IN_REFUSED"):
        draw(renewed.client_secret)
    rotate.version = revoked.version
    with expect_error("API_CLIENT_REVOKED"):
        owner.call("RotateApiClientSecret", rotate)
    listed = api_clients_pb2.ListApiClientsRequest(query="mirror", active_only=True)
    assert not owner.call("ListApiClients", listed).api_clients
    ended = identity.events(UUID(made.client_id[:32]), events_pb2.AccountDisabled)
    assert [each.account_id for each in ended] == [one.api_client_id] * 2


def test_accounts_are_found_by_a_part_of_a_name_and_by_role(identity, clinic):
    """A list of people is searched and filtered by the service; a percent sign is a letter like others."""
    _, owner = clinic
    for login, role in (("ana.desk", pb.ROLE_FRONT_DESK), ("ben.bills", pb.ROLE_BILLER)):
        request = pb.CreateAccountRequest(login=login, name=login.title(), password=PASSWORD, roles=[role])
        owner.call("CreateAccount", request)

    def logins(**fields):
        return {each.login for each in owner.call("ListAccounts", pb.ListAccountsRequest(**fields)).accounts}

    assert logins(query="ANA") == {"ana.desk"}
    assert logins(role=pb.ROLE_BILLER) == {"ben.bills"}
    assert logins(query="%") == set()


def test_rotated_keys_sign_from_then_on_and_the_old_ones_still_verify(identity, clinic):
    """No token becomes invalid by rotation."""
    slug, _ = clinic
    before = sign_in(identity, slug).access_token
    identity.client(None, ["platform.operate"]).call("RotateKeys", pb.RotateKeysRequest())
    after = sign_in(identity, slug).access_token
    assert jwt.get_unverified_header(before)["kid"] != jwt.get_unverified_header(after)["kid"]
    assert claims(identity, before)["sub"] == claims(identity, after)["sub"]


def test_everything_within_a_tenant_does_not_reach_the_platform(identity, clinic):
    """An owner is no operator."""
    _, owner = clinic
    with expect_error("PERMISSION_DENIED"):
        owner.call("RotateKeys", pb.RotateKeysRequest())


def test_changing_ones_password_needs_the_old_one_and_ends_the_sessions(identity, clinic):
    """Sessions and tokens from before a password change are refused."""
    slug, owner = clinic
    signed_in = sign_in(identity, slug)
    change = pb.SetPasswordRequest(
        account_id=signed_in.account_id, old_password="wrong", new_password="another long password"
    )
    with expect_error("SIGN_IN_REFUSED"):
        owner.call("SetPassword", change)
    change.old_password = PASSWORD
    owner.call("SetPassword", change)
    with expect_error("SESSION_ENDED"):
        identity.anonymous().call("RefreshSession", pb.RefreshSessionRequest(refresh_token=signed_in.refresh_token))
    assert sign_in(identity, slug, password="another long password").access_token
    disabled = identity.events(UUID(signed_in.tenant_id), events_pb2.AccountDisabled)
    assert [event.account_id for event in disabled] == [signed_in.account_id]


def test_weak_passwords_are_refused_with_every_reason(identity, clinic):
    """All that is wrong is said at once."""
    _, owner = clinic
    request = pb.CreateAccountRequest(login="ann", name="Ann", password="annannann", roles=[pb.ROLE_FRONT_DESK])
    with expect_error("INVALID_INPUT", field="password"):
        owner.call("CreateAccount", request)


def test_the_operator_client_name_is_reserved():
    """The name stands in one place."""
    assert sessions.OPERATOR_CLIENT == "operator"
