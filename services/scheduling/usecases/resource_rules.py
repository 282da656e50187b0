"""Buffers and limits of single practitioners, rooms, devices and locations."""

from __future__ import annotations

from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation
from scheduling.domain.appointment_types import ResourceKind
from scheduling.domain.cells import CELL_MINUTES
from scheduling.domain.limits import ResourceRule
from scheduling.store import Store
from scheduling.tables_availability import ResourceRuleRow
from scheduling.usecases import limits


def set_rule(call: Call, resource_id: UUID, rule: ResourceRule, version: int) -> ResourceRuleRow:
    """Sets a resource's rule in place of the one before. Raises InvalidInput, NotFound, StaleVersion."""
    store = Store(call.session)
    kind = _kind(store, resource_id)
    _refuse_problems(rule, kind)
    store.lock_exclusive([resource_id])
    row = store.get(ResourceRuleRow, resource_id)
    call.expect_version(row.version if row else 0, version)
    columns = {
        "buffer_before_minutes": rule.buffer_before_minutes,
        "buffer_after_minutes": rule.buffer_after_minutes,
        "visits_per_day": rule.limits.per_day,
        "visits_per_week": rule.limits.per_week,
    }
    if row is None:
        row = store.add(ResourceRuleRow(id=resource_id, **columns))
    else:
        for name, value in columns.items():
            setattr(row, name, value)
        store.session.flush()
    if kind is ResourceKind.PRACTITIONER:
        limits.recount_practitioner(call, store, resource_id, rule.limits)
    elif kind is None:
        limits.recount_location(call, store, resource_id, rule.limits)
    store.note_rules_changed(resource_id)
    return row


def get_rule(call: Call, resource_id: UUID) -> ResourceRuleRow:
    """A resource's rule, all zero when none is set. Raises NotFound."""
    store = Store(call.session)
    _kind(store, resource_id)
    row = store.get(ResourceRuleRow, resource_id)
    return row or ResourceRuleRow(
        id=resource_id,
        buffer_before_minutes=0,
        buffer_after_minutes=0,
        visits_per_day=0,
        visits_per_week=0,
        version=0,
    )


def list_rules(call: Call, page_size: int, page_token: str) -> tuple[list[ResourceRuleRow], str]:
    """A page of all rules."""
    return Store(call.session).rules_page(page_size, page_token)


def _kind(store: Store, resource_id: UUID) -> ResourceKind | None:
    try:
        return store.kind_of_resource(resource_id)
    except KeyError:
        raise NotFound("resource") from None


def _refuse_problems(rule: ResourceRule, kind: ResourceKind | None) -> None:
    problems = []
    for name in ("buffer_before_minutes", "buffer_after_minutes"):
        minutes = getattr(rule, name)
        if minutes % CELL_MINUTES:
            problems.append(Violation(name, "must be a multiple of 5"))
        if minutes and kind is None:
            problems.append(Violation(name, "is not for locations"))
    if rule.limits and kind in (ResourceKind.ROOM, ResourceKind.EQUIPMENT):
        problems.append(Violation("limits", "are for practitioners and locations"))
    if problems:
        raise InvalidInput(problems)
