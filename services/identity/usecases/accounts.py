"""Tenants and accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.call import Call
from chassis.clock import real_now
from chassis.errors import AlreadyExists, InvalidInput, Violation
from chassis.ids import uuid7
from identity.events import account_disabled, tenant_changed
from identity.secrets import Passwords
from identity.store import Store, claim_slug
from identity.tables import Account, Tenant
from identity.usecases.errors import LastOwner, LoginTaken
from identity.usecases.sessions import check_password


@dataclass(frozen=True)
class NewAccount:
    """An account to be made. Roles are names of `domain.roles.PERMISSIONS`."""

    login: str
    name: str
    email: str
    password: str
    roles: list[str]
    location_ids: list[str]
    patient_ids: list[str]


def create_tenant(
    call: Call, hasher: Passwords, slug: str, name: str, language: str, owner: NewAccount
) -> tuple[Tenant, Account]:
    """Makes a tenant and its owner. Raises AlreadyExists when the slug is taken, InvalidInput for a weak password."""
    check_password(owner.password, owner.login, "owner_password")
    tenant_id = uuid7()
    call.enter_tenant(tenant_id)
    if not claim_slug(call.session, tenant_id, slug):
        raise AlreadyExists("This slug is taken.")
    store = Store(call.session)
    tenant = store.add(
        Tenant(id=tenant_id, tenant_id=tenant_id, slug=slug, name=name, active=True, default_language=language or "en")
    )
    account = store.add(_account(owner, hasher))
    call.emit(tenant_changed(tenant))
    return tenant, account


def create(call: Call, hasher: Passwords, new: NewAccount) -> Account:
    """Makes an account. Raises LoginTaken, InvalidInput."""
    _check_roles(new.roles, new.patient_ids, new.location_ids)
    check_password(new.password, new.login, "password")
    store = Store(call.session)
    if store.login_taken(new.login):
        raise LoginTaken
    return store.add(_account(new, hasher))


def update(call: Call, account_id: UUID, version: int, changes: dict[str, Any]) -> Account:
    """Replaces the named fields. Raises NotFound, StaleVersion, LastOwner, InvalidInput.

    A change of rights ends the account's sessions and tokens, so that it holds at once.
    """
    store = Store(call.session)
    account = store.lock(Account, account_id, "account")
    call.expect_version(account.version, version)
    after = {"roles": account.roles, "patient_ids": account.patient_ids, "location_ids": account.location_ids} | changes
    _check_roles(after["roles"], after["patient_ids"], after["location_ids"])
    if "owner" in account.roles and "owner" not in after["roles"]:
        _keep_an_owner(store, account)
    rights_change = any(
        changes.get(name, getattr(account, name)) != getattr(account, name)
        for name in ("roles", "patient_ids", "location_ids")
    )
    for name, value in changes.items():
        setattr(account, name, value)
    if rights_change:
        _end_everything(call, store, account)
    call.session.flush()
    return account


def get(call: Call, account_id: UUID) -> Account:
    """One account. Raises NotFound."""
    return Store(call.session).need(Account, account_id, "account")


def list_page(
    call: Call, query: str, role: str, active_only: bool, page_size: int, page_token: str
) -> tuple[list[Account], str]:
    """One page of the tenant's accounts, by login. `query`: a part of login, name or e-mail; `role`: who holds it, "" any."""
    return Store(call.session).accounts(query, role, active_only, page_size, page_token)


def disable(call: Call, account_id: UUID, reason: str) -> Account:
    """Ends an account's sessions and tokens and refuses new ones. Raises NotFound, LastOwner."""
    store = Store(call.session)
    account = store.lock(Account, account_id, "account")
    call.reason = reason
    if account.active:
        if "owner" in account.roles:
            _keep_an_owner(store, account)
        account.active = False
        _end_everything(call, store, account)
    call.session.flush()
    return account


def _account(new: NewAccount, hasher: Passwords) -> Account:
    return Account(
        login=new.login.lower(),
        name=new.name,
        email=new.email,
        password_hash=hasher.hash(new.password),
        roles=new.roles,
        location_ids=new.location_ids,
        patient_ids=new.patient_ids,
        active=True,
        failures=0,
        locked_until=None,
        proved_at=None,
        reach_as_of=None,
    )


def _check_roles(role_names: list[str], patient_ids: list[str], location_ids: list[str]) -> None:
    """A patient's account is nothing else and reaches patients; a member of staff reaches patients by permission."""
    problems = []
    if not role_names:
        problems.append(Violation("roles", "must not be empty"))
    if "patient" in role_names and len(role_names) > 1:
        problems.append(Violation("roles", "a patient's account has no other role"))
    if "patient" in role_names and not patient_ids:
        problems.append(Violation("patient_ids", "a patient's account reaches at least one patient"))
    if "patient" not in role_names and patient_ids:
        problems.append(Violation("patient_ids", "only a patient's account reaches patients by name"))
    if "patient" in role_names and location_ids:
        problems.append(Violation("location_ids", "a patient's account has no locations"))
    if problems:
        raise InvalidInput(problems)


def _keep_an_owner(store: Store, account: Account) -> None:
    """Raises LastOwner unless somebody else can run the tenant; two who leave at once are asked one after the other."""
    store.lock(Tenant, store.tenant_id, "tenant")
    if not store.other_active_owner_exists(account.id):
        raise LastOwner


def _end_everything(call: Call, store: Store, account: Account) -> None:
    now = real_now()
    store.end_sessions(account.id, now)
    call.emit(account_disabled(account.id, now))
