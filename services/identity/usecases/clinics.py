"""What a clinic shows of itself: its public page, which staff set and anybody reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation
from identity.store import Store, publish_slug, published_slugs, tenant_of_slug
from identity.tables import ClinicPage, Location, Practitioner, Tenant


@dataclass(frozen=True)
class Shown:
    """What is set to be shown. Ids in the order in which they are shown."""

    published: bool = False
    # Language (BCP 47) → text.
    about: Mapping[str, str] = field(default_factory=dict)
    phone: str = ""
    email: str = ""
    takes_new_patients: bool = False
    location_ids: Sequence[str] = ()
    practitioner_ids: Sequence[str] = ()
    version: int = 0


@dataclass(frozen=True)
class Clinic:
    """What anybody may see; empty beside the tenant until it is published."""

    tenant: Tenant
    shown: Shown
    locations: Sequence[Location] = ()
    people: Sequence[Practitioner] = ()


def clinic(call: Call, slug: str) -> Clinic:
    """The clinic behind a slug, as anybody may see it. Raises NotFound, also for a tenant that is not active."""
    tenant_id = tenant_of_slug(call.session, slug)
    if tenant_id is None:
        raise NotFound("clinic")
    call.enter_tenant(tenant_id)
    store = Store(call.session)
    tenant = store.tenant()
    if not tenant.active:
        raise NotFound("clinic", internal="tenant is not active")
    shown = page(call)
    if not shown.published:
        return Clinic(tenant, Shown())
    return Clinic(
        tenant,
        shown,
        _in_order(store.listed(Location, map(UUID, shown.location_ids)), shown.location_ids),
        _in_order(store.listed(Practitioner, map(UUID, shown.practitioner_ids)), shown.practitioner_ids),
    )


def clinics(call: Call, page_size: int, page_token: str) -> tuple[list[str], str]:
    """One page of the slugs of published clinics."""
    return published_slugs(call.session, page_size, page_token)


def page(call: Call) -> Shown:
    """What the caller's organisation publishes; nothing when it was never set."""
    row = Store(call.session).get(ClinicPage, call.tenant_id)
    return _shown(row) if row is not None else Shown()


def update(call: Call, wished: Shown, version: int) -> Shown:
    """Sets the page. Raises InvalidInput (what it names is not the organisation's), StaleVersion."""
    store = Store(call.session)
    row = store.get(ClinicPage, call.tenant_id)
    call.expect_version(row.version if row is not None else 0, version)
    _check(store, wished)
    values = {
        "published": wished.published,
        "about": dict(wished.about),
        "phone": wished.phone,
        "email": wished.email,
        "takes_new_patients": wished.takes_new_patients,
        "location_ids": list(wished.location_ids),
        "practitioner_ids": list(wished.practitioner_ids),
    }
    if row is None:
        row = store.add(ClinicPage(id=call.tenant_id, **values))
    else:
        for name, value in values.items():
            setattr(row, name, value)
        call.session.flush()
    publish_slug(call.session, call.tenant_id, wished.published)
    return _shown(row)


def _check(store: Store, wished: Shown) -> None:
    """Only what is the organisation's own can be shown."""
    problems = [
        Violation(f"{name}[{index}]", "refers to nothing that exists")
        for name, model, ids in (
            ("location_ids", Location, wished.location_ids),
            ("practitioner_ids", Practitioner, wished.practitioner_ids),
        )
        for index, one in enumerate(ids)
        if store.get(model, UUID(one)) is None
    ]
    if problems:
        raise InvalidInput(problems)


def _in_order(rows: Sequence[Location | Practitioner], ids: Sequence[str]) -> list[Location | Practitioner]:
    place = {one: index for index, one in enumerate(ids)}
    return sorted(rows, key=lambda row: place[str(row.id)])


def _shown(row: ClinicPage) -> Shown:
    return Shown(
        row.published,
        row.about,
        row.phone,
        row.email,
        row.takes_new_patients,
        row.location_ids,
        row.practitioner_ids,
        row.version,
    )
