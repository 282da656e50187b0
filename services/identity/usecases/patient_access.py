"""Patients sign in by a one-time code. Real time throughout: sessions are not simulated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chassis.call import Call
from chassis.clock import real_now
from chassis.errors import NotFound
from chassis.ids import uuid7
from identity import secrets
from identity.events import account_disabled
from identity.secrets import Passwords
from identity.store import Store, tenant_of_slug
from identity.tables import Account, PortalCode
from identity.usecases.errors import CodeRefused, CodeSettled
from identity.usecases.sessions import SignInDesk, Tokens, begin_session

CODE_LASTS = timedelta(minutes=10)
MOST_ATTEMPTS = 5


@dataclass(frozen=True)
class CodeWish:
    """Whose code is to be drawn, under the id of the request; and whom the person may act for."""

    code_id: UUID
    patient_id: UUID
    name: str
    proxied_patient_ids: list[str]


@dataclass(frozen=True)
class DrawnCode:
    """A code to be sent, known in clear this once."""

    code: str
    expires_at: datetime
    slug: str


def draw(call: Call, hasher: Passwords, wish: CodeWish) -> DrawnCode:
    """Makes the code of a request anew. Its time counts from the first draw. Raises CodeSettled."""
    store, now, code = Store(call.session), real_now(), secrets.new_code()
    row = store.get(PortalCode, wish.code_id)
    if row is None:
        row = store.add(
            PortalCode(
                id=wish.code_id,
                patient_id=wish.patient_id,
                proxied_patient_ids=wish.proxied_patient_ids,
                name=wish.name,
                code_hash=hasher.hash(code),
                attempts=0,
                expires_at=now + CODE_LASTS,
                used_at=None,
            )
        )
    elif row.used_at is not None or row.expires_at <= now:
        raise CodeSettled
    else:
        row.code_hash = hasher.hash(code)
        call.session.flush()
    return DrawnCode(code, row.expires_at, store.tenant().slug)


def sign_in(call: Call, desk: SignInDesk, tenant: str, code_id: UUID, code: str) -> Tokens:
    """Signs a patient in by a code, which is used up; the first time this makes their account. Raises CodeRefused."""
    tenant_id = tenant_of_slug(call.session, tenant.lower())
    if tenant_id is None:
        desk.passwords.verify(None, code)
        raise CodeRefused(internal="no such tenant")
    call.enter_tenant(tenant_id)
    store, now = Store(call.session), real_now()
    try:
        row = store.lock(PortalCode, code_id)
    except NotFound:
        desk.passwords.verify(None, code)
        raise CodeRefused(internal="never drawn") from None
    usable = row.used_at is None and row.expires_at > now and row.attempts < MOST_ATTEMPTS
    row.attempts += 1
    call.session.flush()
    if not desk.passwords.verify(row.code_hash if usable else None, code) or not store.tenant().active:
        raise CodeRefused(internal="wrong" if usable else "used, expired or too many attempts")
    row.used_at = now
    account = _account(store, row)
    if not account.active:
        raise CodeRefused(internal="account disabled")
    account.proved_at = now
    call.session.flush()
    return begin_session(call, desk, account)


def follow_reach(call: Call, patient_id: UUID, proxied: list[str], as_of: datetime) -> None:
    """The patient's account reaches themselves and these patients; tokens that reach more end at once.

    A code that was drawn before opens no more than that either: the account it makes would keep what was ended meanwhile.
    """
    store = Store(call.session)
    for code in store.open_portal_codes(patient_id, real_now()):
        code.proxied_patient_ids = proxied
    account = store.account_of_patient(patient_id)
    if account is None or (account.reach_as_of is not None and account.reach_as_of >= as_of):
        return
    before = set(account.patient_ids)
    account.patient_ids, account.reach_as_of = _reach(patient_id, proxied), as_of
    call.session.flush()
    if before - set(account.patient_ids):
        now = real_now()
        store.end_sessions(account.id, now)
        call.emit(account_disabled(account.id, now))


def _account(store: Store, row: PortalCode) -> Account:
    """The patient's account, made when there is none. It has no password until the patient sets one."""
    account = store.account_of_patient(row.patient_id)
    if account is not None:
        return account
    return store.add(
        Account(
            id=uuid7(),
            login=f"patient-{row.patient_id.hex}",
            name=row.name,
            email="",
            password_hash="",
            roles=["patient"],
            location_ids=[],
            patient_ids=_reach(row.patient_id, row.proxied_patient_ids),
            active=True,
            failures=0,
            locked_until=None,
            proved_at=None,
            reach_as_of=None,
        )
    )


def _reach(patient_id: UUID, proxied: list[str]) -> list[str]:
    """Themselves first, then the others, each once."""
    return list(dict.fromkeys([str(patient_id), *proxied]))
