"""Billing entities, locations, practitioners, rooms, equipment: five kinds of one shape.

Each is made, changed and read alike; what differs (rules, references, event) stands in the table KINDS at the foot.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from google.protobuf.message import Message

from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation
from identity import events
from identity.domain import organisation as rules
from identity.store import Store
from identity.tables import Account, BillingEntity, Equipment, Location, Practitioner, Room, Tenant

Values = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """What sets one kind of resource apart."""

    name: str
    model: type[Any]
    check: Callable[[Values], list[rules.Problem]]
    event: Callable[[Any], Message]
    # Field → the model it refers to; list fields refer with each element.
    references: dict[str, type[Any]]


def create(call: Call, kind: Kind, values: Values) -> Any:
    """Makes a resource. Raises InvalidInput, NotFound for what it refers to, Conflict for a second one of the same NPI."""
    store = Store(call.session)
    _check(store, kind, values)
    row = store.add(kind.model(**values))
    call.emit(kind.event(row))
    return row


def update(call: Call, kind: Kind, row_id: UUID, version: int, values: Values) -> Any:
    """Replaces a resource's fields with the merged `values`. Raises NotFound, StaleVersion, InvalidInput."""
    store = Store(call.session)
    row = store.lock(kind.model, row_id, kind.name)
    call.expect_version(row.version, version)
    _check(store, kind, values)
    for name, value in values.items():
        setattr(row, name, value)
    call.session.flush()
    call.emit(kind.event(row))
    return row


def get(call: Call, kind: Kind, row_id: UUID) -> Any:
    """One resource. Raises NotFound."""
    return Store(call.session).need(kind.model, row_id, kind.name)


def list_page(
    call: Call, kind: Kind, page_size: int, page_token: str, location_id: UUID | None = None
) -> tuple[list[Any], str]:
    """One page of a kind, in order of their making."""
    return Store(call.session).list_resources(kind.model, page_size, page_token, location_id)


def tenant(call: Call) -> Tenant:
    """The caller's tenant. Raises NotFound."""
    return Store(call.session).tenant()


def check_licence(call: Call, practitioner_id: UUID, state: str, day: date) -> str | None:
    """The number of the licence that covers `state` on `day`, or None. Raises NotFound (also for an inactive person)."""
    practitioner = Store(call.session).need(Practitioner, practitioner_id, "practitioner")
    if not practitioner.active:
        raise NotFound("practitioner", internal="inactive")
    found = rules.licence_for(_licences(practitioner.licences), state, day)
    return found.number if found else None


def _check(store: Store, kind: Kind, values: Values) -> None:
    problems = [Violation(problem.field, problem.message) for problem in kind.check(values)]
    for field, model in kind.references.items():
        given = values.get(field)
        problems += [
            Violation(field, f"refers to nothing that exists ({one})")
            for one in (given if isinstance(given, list) else [given])
            if one and store.get(model, UUID(str(one))) is None
        ]
    if problems:
        raise InvalidInput(problems)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _licences(stored: list[dict[str, Any]]) -> list[rules.Licence]:
    return [
        rules.Licence(one["state"], one["number"], _day(one["valid_from"]), _day(one["valid_to"])) for one in stored
    ]


def _check_billing_entity(values: Values) -> list[rules.Problem]:
    return rules.check_npi(values["npi"])


def _check_location(values: Values) -> list[rules.Problem]:
    hours = [rules.Hours(**one) for one in values["hours"]]
    return (
        rules.check_npi(values["npi"])
        + rules.check_time_zone(values["time_zone"])
        + rules.check_hours(hours)
        + rules.check_place(values["latitude"], values["longitude"])
    )


def _check_practitioner(values: Values) -> list[rules.Problem]:
    return rules.check_npi(values["npi"]) + rules.check_licences(_licences(values["licences"]))


def _no_more_rules(_values: Values) -> list[rules.Problem]:
    return []


BILLING_ENTITY = Kind("billing entity", BillingEntity, _check_billing_entity, events.billing_entity_changed, {})
LOCATION = Kind("location", Location, _check_location, events.location_changed, {"billing_entity_id": BillingEntity})
PRACTITIONER = Kind(
    "practitioner",
    Practitioner,
    _check_practitioner,
    events.practitioner_changed,
    {"location_ids": Location, "account_id": Account},
)
ROOM = Kind("room", Room, _no_more_rules, events.room_changed, {"location_id": Location})
EQUIPMENT = Kind("equipment", Equipment, _no_more_rules, events.equipment_changed, {"location_id": Location})
