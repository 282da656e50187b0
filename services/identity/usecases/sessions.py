"""Signing in, staying signed in, signing out; client credentials. Real time throughout: sessions are not simulated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from chassis.call import Call
from chassis.clock import real_now
from chassis.errors import InvalidInput, NotFound, PermissionDenied, Violation
from chassis.ids import uuid7
from chassis.principal import Principal
from chassis.tokens import claims_of
from identity import secrets
from identity.domain import passwords, roles
from identity.events import account_disabled
from identity.secrets import Passwords
from identity.settings import Settings
from identity.store import Store, tenant_of_slug
from identity.tables import Account, ApiClient, UserSession
from identity.usecases.errors import AccountLocked, LoginTaken, SessionEnded, SignInRefused
from identity.usecases.keys import Signer

OPERATOR_CLIENT = "operator"
# A browser page sends several requests at once with the same old cookie, to several gateways.
REUSE_GRACE = timedelta(seconds=30)
# A code that was sent to a patient proves who they are for so long, in place of the old password.
PROOF_LASTS = timedelta(minutes=15)


@dataclass(frozen=True)
class Tokens:
    """What signing in gives: tokens, seconds of validity, whose they are."""

    access_token: str
    refresh_token: str
    seconds: int
    tenant_id: UUID | None
    account_id: str


@dataclass(frozen=True)
class SignInDesk:
    """What the use cases of this page need beside the call."""

    settings: Settings
    signer: Signer
    passwords: Passwords


def sign_in(call: Call, desk: SignInDesk, tenant: str, login: str, password: str) -> Tokens:
    """Signs a person in. Raises SignInRefused (counted) or AccountLocked."""
    tenant_id = tenant_of_slug(call.session, tenant.lower())
    if tenant_id is None:
        desk.passwords.verify(None, password)
        raise SignInRefused(internal="no such tenant")
    call.enter_tenant(tenant_id)
    store, now = Store(call.session), real_now()
    account = store.account_by_login(login)
    if account is not None and account.locked_until is not None and account.locked_until > now:
        raise AccountLocked((account.locked_until - now).total_seconds())
    if (
        not desk.passwords.verify(account.password_hash if account else None, password)
        or account is None
        or not account.active
    ):
        if account is not None:
            account.failures += 1
            account.locked_until = passwords.locked_until(account.failures, now)
            call.session.flush()
        raise SignInRefused(internal="wrong password or no such account")
    if not store.tenant().active:
        raise SignInRefused(internal="tenant is not active")
    account.failures, account.locked_until = 0, None
    return begin_session(call, desk, account)


def begin_session(call: Call, desk: SignInDesk, account: Account) -> Tokens:
    """A new session of somebody who has proved who they are."""
    refresh, now = secrets.new_secret(), real_now()
    session = UserSession(
        id=uuid7(),
        account_id=account.id,
        token_hash=secrets.digest(refresh),
        previous_hash=None,
        started_at=now,
        rotated_at=now,
        expires_at=now + _idle(desk.settings, account),
        ended_at=None,
    )
    Store(call.session).add(session)
    return _tokens(call, desk, account, session, refresh)


def _idle(settings: Settings, account: Account) -> timedelta:
    """How long a session lasts without use."""
    if account.roles == ["patient"]:
        return timedelta(minutes=settings.patient_session_minutes)
    return timedelta(hours=settings.session_hours)


def refresh(call: Call, desk: SignInDesk, token: str) -> Tokens:
    """New tokens for a refresh token, which is used up. Raises SessionEnded.

    The token before the present one gives an access token (and no refresh token) for a moment more, for requests
    that were under way; later its use means that it was stolen, and ends the session.
    """
    parts = secrets.split_secret(token)
    if parts is None:
        raise SessionEnded(internal="malformed")
    tenant_id, session_id, secret = parts
    call.enter_tenant(tenant_id)
    store, now = Store(call.session), real_now()
    try:
        session = store.lock(UserSession, session_id)
    except NotFound:
        raise SessionEnded(internal="unknown") from None
    given = secrets.digest(secret)
    if session.ended_at is not None or session.expires_at <= now:
        raise SessionEnded(internal="ended or expired")
    present = secrets.same(given, bytes(session.token_hash))
    if not present and (session.previous_hash is None or not secrets.same(given, bytes(session.previous_hash))):
        raise SessionEnded(internal="not a token of this session")
    if not present and now - session.rotated_at > REUSE_GRACE:
        session.ended_at = now  # somebody else has the newer one: nobody keeps the session
        call.session.flush()
        raise SessionEnded(internal="used twice")
    account = store.need(Account, session.account_id, "account")
    if not account.active:
        raise SessionEnded(internal="account disabled")
    if not present:
        return _tokens(call, desk, account, session, "")
    fresh = secrets.new_secret()
    session.previous_hash, session.token_hash = session.token_hash, secrets.digest(fresh)
    session.rotated_at = now
    session.expires_at = now + _idle(desk.settings, account)
    call.session.flush()
    return _tokens(call, desk, account, session, fresh)


def sign_out(call: Call, token: str) -> None:
    """Ends the session of a refresh token, if there is one."""
    parts = secrets.split_secret(token)
    if parts is None:
        return
    call.enter_tenant(parts[0])
    session = Store(call.session).get(UserSession, parts[1])
    if session is not None and secrets.same(secrets.digest(parts[2]), bytes(session.token_hash)):
        session.ended_at = real_now()


def issue_client_token(call: Call, desk: SignInDesk, client_id: str, client_secret: str) -> Tokens:
    """A token for client credentials: an operator, one of our services, or a tenant's API client. Raises SignInRefused."""
    principal = _known_client(desk.settings, client_id, client_secret) or _api_client(call, client_id, client_secret)
    access = desk.signer.sign(call, claims_of(principal))
    return Tokens(access, "", desk.signer.token_seconds, principal.tenant_id, principal.id)


def set_password(call: Call, desk: SignInDesk, account_id: UUID, old: str, new: str, login: str = "") -> None:
    """Sets a password; the account's sessions end. People prove their own old one; administrators need user.write.

    A patient who has just signed in by a code needs no old one, and chooses their login with it (""  keeps it).

    Raises NotFound, PermissionDenied, SignInRefused, LoginTaken, InvalidInput.
    """
    own = call.principal.id == str(account_id)
    if not own and (call.principal.kind == "patient" or not call.may("user.write")):
        raise PermissionDenied(internal="another's password")
    store = Store(call.session)
    account = store.lock(Account, account_id, "account")
    now = real_now()
    proved = account.proved_at is not None and now - account.proved_at < PROOF_LASTS
    if own and not proved and not desk.passwords.verify(account.password_hash, old):
        raise SignInRefused(internal="old password")
    if login and login.lower() != account.login:
        if not own or call.principal.kind != "patient":
            raise PermissionDenied(internal="another's login")
        if store.login_taken(login):
            raise LoginTaken
        account.login = login.lower()
    check_password(new, account.login, "new_password")
    account.password_hash = desk.passwords.hash(new)
    account.failures, account.locked_until, account.proved_at = 0, None, None
    store.end_sessions(account.id, now)
    call.emit(account_disabled(account.id, now))  # tokens from before end with the sessions


def check_password(password: str, login: str, field: str) -> None:
    """Raises InvalidInput with everything that is wrong with a new password."""
    if found := passwords.problems(password, login):
        raise InvalidInput([Violation(field, problem) for problem in found])


def _known_client(settings: Settings, client_id: str, client_secret: str) -> Principal | None:
    """The operator or one of our services, from settings."""
    services = settings.service_secrets()
    if client_id == OPERATOR_CLIENT and settings.operator_secret:
        expected, permissions, kind = str(settings.operator_secret), roles.OPERATOR, "operator"
    elif client_id in services and client_id in roles.SERVICES:
        expected, permissions, kind = services[client_id], roles.SERVICES[client_id], "service"
    else:
        return None
    if not secrets.same(secrets.digest(expected), secrets.digest(client_secret)):
        raise SignInRefused(internal=f"wrong secret of {client_id}")
    return Principal(kind=kind, id=client_id, name=client_id, permissions=permissions)


def _api_client(call: Call, client_id: str, client_secret: str) -> Principal:
    parts = secrets.split_secret(f"{client_id}.{client_secret}")
    if parts is None:
        raise SignInRefused(internal="malformed client id")
    tenant_id, row_id, secret = parts
    call.enter_tenant(tenant_id)
    client = Store(call.session).get(ApiClient, row_id)
    if client is None or not client.active or not secrets.same(secrets.digest(secret), bytes(client.secret_hash)):
        raise SignInRefused(internal="unknown client or wrong secret")
    return Principal(
        kind="user",
        id=str(client.id),
        name=client.name,
        tenant_id=tenant_id,
        permissions=roles.permissions_of(client.roles),
    )


def _tokens(call: Call, desk: SignInDesk, account: Account, session: UserSession, refresh_secret: str) -> Tokens:
    patients = tuple(UUID(patient) for patient in account.patient_ids)
    principal = Principal(
        kind="patient" if account.roles == ["patient"] else "user",
        id=str(account.id),
        name=account.name,
        tenant_id=account.tenant_id,
        permissions=roles.permissions_of(account.roles),
        location_ids=frozenset(UUID(location) for location in account.location_ids),
        patient_ids=patients,
    )
    access = desk.signer.sign(call, {**claims_of(principal), "sid": str(session.id)})
    refresh_token = secrets.bound_secret(account.tenant_id, session.id, refresh_secret) if refresh_secret else ""
    return Tokens(access, refresh_token, desk.signer.token_seconds, account.tenant_id, str(account.id))
