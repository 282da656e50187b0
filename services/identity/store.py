"""All of identity's queries."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chassis.ids import NIL
from chassis.store import DEFAULT_PAGE, LARGEST_PAGE, BaseStore, among, make_token, read_token
from identity.tables import (
    Account,
    ApiClient,
    AuditedPatient,
    AuditEntry,
    PortalCode,
    SigningKey,
    Tenant,
    TenantSlug,
    UserSession,
)

# Built once: each of the house's calls comes by here.
_KEEP_ENTRY = insert(AuditEntry.__table__).on_conflict_do_nothing()
_KEEP_PATIENT = insert(AuditedPatient.__table__).on_conflict_do_nothing()
_KEY_LOCK = text("select pg_advisory_xact_lock(4902)")


class Store(BaseStore):
    """Queries of one transaction in one tenant."""

    # --- the organisation ---------------------------------------------------------------------------------------------

    def list_resources(
        self, model: Any, page_size: int, page_token: str, location_id: UUID | None = None
    ) -> tuple[list[Any], str]:
        """One page of rooms, locations and so on in order of their making."""
        query = select(model).where(model.tenant_id == self.tenant_id)
        if location_id is not None:
            query = query.where(model.location_id == location_id)
        return self.page(query, [model.id], page_size, page_token)

    def listed(self, model: type[Any], ids: Iterable[UUID]) -> list[Any]:
        """The active ones of these locations or practitioners."""
        query = select(model).where(model.tenant_id == self.tenant_id, among(model.id, ids), model.active)
        return list(self.session.scalars(query))

    def tenant(self) -> Tenant:
        return self.need(Tenant, self.tenant_id, "tenant")

    # --- accounts -----------------------------------------------------------------------------------------------------

    def account_by_login(self, login: str) -> Account | None:
        """The account, locked, so that concurrent guesses are counted one by one."""
        query = select(Account).where(Account.tenant_id == self.tenant_id, Account.login == login.lower())
        return self.session.scalars(query.with_for_update()).one_or_none()

    def open_portal_codes(self, patient_id: UUID, now: datetime) -> list[PortalCode]:
        """A patient's codes that may still be used, locked. Real time."""
        query = select(PortalCode).where(
            PortalCode.tenant_id == self.tenant_id,
            PortalCode.patient_id == patient_id,
            PortalCode.used_at.is_(None),
            PortalCode.expires_at > now,
        )
        return list(self.session.scalars(query.order_by(PortalCode.id).with_for_update()))

    def account_of_patient(self, patient_id: UUID) -> Account | None:
        """The account whose own patient this is (the first it reaches), locked; the oldest of several."""
        query = (
            select(Account)
            .where(
                Account.tenant_id == self.tenant_id,
                Account.roles.contains(["patient"]),
                Account.patient_ids[0].astext == str(patient_id),
            )
            .order_by(Account.id)
            .limit(1)
        )
        return self.session.scalars(query.with_for_update()).one_or_none()

    def login_taken(self, login: str) -> bool:
        query = select(exists().where(Account.tenant_id == self.tenant_id, Account.login == login.lower()))
        return bool(self.session.scalar(query))

    def accounts(
        self, text: str, role: str, active_only: bool, page_size: int, page_token: str
    ) -> tuple[list[Account], str]:
        """A page of accounts by login: those with a part of login, name or e-mail, of a role, that may sign in."""
        query = select(Account).where(Account.tenant_id == self.tenant_id)
        if text:
            query = query.where(
                or_(*(each.icontains(text, autoescape=True) for each in (Account.login, Account.name, Account.email)))
            )
        if role:
            query = query.where(Account.roles.contains([role]))
        if active_only:
            query = query.where(Account.active)
        return self.page(query, [Account.login, Account.id], page_size, page_token)

    def api_clients(self, text: str, active_only: bool, page_size: int, page_token: str) -> tuple[list[ApiClient], str]:
        """A page of API clients by name: those with a part of it, those that may sign in."""
        query = select(ApiClient).where(ApiClient.tenant_id == self.tenant_id)
        if text:
            query = query.where(ApiClient.name.icontains(text, autoescape=True))
        if active_only:
            query = query.where(ApiClient.active)
        return self.page(query, [ApiClient.name, ApiClient.id], page_size, page_token)

    def other_active_owner_exists(self, account_id: UUID) -> bool:
        """Whether somebody else can still run the tenant."""
        query = select(
            exists().where(
                Account.tenant_id == self.tenant_id,
                Account.id != account_id,
                Account.active,
                Account.roles.contains(["owner"]),
            )
        )
        return bool(self.session.scalar(query))

    def end_sessions(self, account_id: UUID, now: datetime) -> None:
        self.session.execute(
            update(UserSession)
            .where(
                UserSession.tenant_id == self.tenant_id,
                UserSession.account_id == account_id,
                UserSession.ended_at.is_(None),
            )
            .values(ended_at=now)
        )

    def client_name_taken(self, name: str) -> bool:
        return bool(
            self.session.scalar(select(exists().where(ApiClient.tenant_id == self.tenant_id, ApiClient.name == name)))
        )

    # --- the audit trail ------------------------------------------------------------------------------------------------

    def add_audit_entries(self, entries: Iterable[dict[str, Any]]) -> None:
        """Adds entries and their patients; one that is there already stays as it is."""
        rows = list(entries)
        patients = [
            {
                "tenant_id": row["tenant_id"],
                "patient_id": UUID(patient),
                "occurred_at": row["occurred_at"],
                "entry_id": row["id"],
            }
            for row in rows
            for patient in row["patient_ids"]
        ]
        self.session.execute(_KEEP_ENTRY, rows)
        if patients:
            self.session.execute(_KEEP_PATIENT, patients)

    def search_audit(
        self,
        *,
        patient_id: UUID | None,
        principal_id: str,
        request_id: str,
        from_time: datetime | None,
        to_time: datetime | None,
        page_size: int,
        page_token: str,
    ) -> tuple[list[AuditEntry], str]:
        """One page, newest first."""
        query = select(AuditEntry).where(AuditEntry.tenant_id == self.tenant_id)
        if patient_id is not None:
            about = select(AuditedPatient.entry_id).where(
                AuditedPatient.tenant_id == self.tenant_id, AuditedPatient.patient_id == patient_id
            )
            query = query.where(AuditEntry.id.in_(about))
        if principal_id:
            query = query.where(AuditEntry.principal_id == principal_id)
        if request_id:
            query = query.where(AuditEntry.request_id == request_id)
        if from_time is not None:
            query = query.where(AuditEntry.occurred_at >= from_time)
        if to_time is not None:
            query = query.where(AuditEntry.occurred_at < to_time)
        return self.page(query, [AuditEntry.occurred_at, AuditEntry.id], page_size, page_token, descending=True)


def tenant_of_slug(session: Session, slug: str) -> UUID | None:
    """The tenant behind a slug; may be asked before the transaction has a tenant."""
    return session.scalar(select(TenantSlug.tenant_id).where(TenantSlug.slug == slug))


def published_slugs(session: Session, page_size: int, page_token: str) -> tuple[list[str], str]:
    """One page of the clinics that publish themselves, of every tenant: (slugs in order, token of the next page or "")."""
    size = min(page_size or DEFAULT_PAGE, LARGEST_PAGE)
    query = select(TenantSlug.slug).where(TenantSlug.published).order_by(TenantSlug.slug).limit(size + 1)
    if page_token:
        query = query.where(TenantSlug.slug > str(read_token(page_token, 1)[0]))
    slugs = list(session.scalars(query))
    return slugs[:size], make_token([slugs[size - 1]]) if len(slugs) > size else ""


def publish_slug(session: Session, tenant_id: UUID, published: bool) -> None:
    """Puts the tenant's page on the public list, or takes it off."""
    session.execute(update(TenantSlug).where(TenantSlug.tenant_id == tenant_id).values(published=published))


def claim_slug(session: Session, tenant_id: UUID, slug: str) -> bool:
    """Takes a slug for the tenant; False when another has it."""
    statement = (
        insert(TenantSlug).values(tenant_id=tenant_id, slug=slug).on_conflict_do_nothing().returning(TenantSlug.slug)
    )
    return session.scalar(statement) is not None


def signing_keys(session: Session, *, lock: bool = False) -> list[SigningKey]:
    """All signing keys, newest first; `lock` makes replicas take turns in making the first one."""
    if lock:
        session.execute(_KEY_LOCK)
    return list(
        session.scalars(select(SigningKey).where(SigningKey.tenant_id == NIL).order_by(SigningKey.created_at.desc()))
    )
