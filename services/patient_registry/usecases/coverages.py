"""Coverages: adding, changing, ordering, taking back; what payers answer about them; what foreign texts mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation
from patient_registry import errors, published, rows
from patient_registry.domain import coverage as rules
from patient_registry.domain.coverage import Coverage
from patient_registry.domain.names import normalise, tidy
from patient_registry.store import MOST_COVERAGES, Store
from patient_registry.tables import Coverage as CoverageRow
from patient_registry.tables import Patient, PayerAlias

GOOD_ANSWERS = frozenset({"active", "inactive"})


def listed(call: Call, patient_id: UUID, on: date | None, include_removed: bool) -> list[CoverageRow]:
    """A patient's coverages in the order in which they pay, then those of no force. Raises NotFound."""
    store = Store(call.session)
    store.need(Patient, patient_id, "patient")
    held = {row.id: row for row in store.coverages([patient_id])[patient_id]}
    values = [rows.coverage(row) for row in held.values()]
    if on is not None:
        values = [value for value in values if rules.in_force(value, on)]
    ordered = rules.order_of_payment(values, None)
    today = call.now.date()
    ordered.sort(key=lambda value: not rules.in_force(value, today))
    removed = [value for value in values if not value.active] if include_removed else []
    return [held[value.coverage_id] for value in (*ordered, *removed)]


def get(call: Call, coverage_id: UUID) -> CoverageRow:
    """One coverage. Raises NotFound."""
    return Store(call.session).need(CoverageRow, coverage_id, "coverage")


def add(call: Call, patient_id: UUID, entered: Coverage) -> CoverageRow:
    """Adds a coverage; priority 0 takes the next free one. Raises NotFound, InvalidInput, PriorityTaken."""
    store = Store(call.session)
    patient = store.lock(Patient, patient_id, "patient")
    return add_to(call, store, patient, entered)


def add_to(
    call: Call,
    store: Store,
    patient: Patient,
    entered: Coverage,
    *,
    held: Sequence[CoverageRow] | None = None,
    complete: bool = True,
) -> CoverageRow:
    """Adds a coverage to a locked (or new) patient. `held`: what is on file; `complete` as in the domain's check."""
    held = store.coverages([patient.id])[patient.id] if held is None else held
    if len(held) >= MOST_COVERAGES:
        raise errors.TooMany(internal="coverages")
    others = [rows.coverage(row) for row in held]
    coverage = replace(_tidied(entered), coverage_id=call.new_id())
    if coverage.priority == 0:
        coverage = replace(coverage, priority=rules.next_free_priority(coverage, others))
    _judge(store, coverage, others, complete)
    row = CoverageRow(id=coverage.coverage_id, patient_id=patient.id, last_outcome="", currency="USD")
    rows.put_coverage(row, coverage)
    store.add(row)
    if normalise(row.member_id):
        store.add_member_key(patient.id, row.member_id)
    _say(call, store, patient, row, member_id_changed=False)
    return row


def update(call: Call, coverage_id: UUID, version: int, edit: Callable[[Coverage], Coverage]) -> CoverageRow:
    """Changes what `edit` changes. Raises NotFound, StaleVersion, InvalidInput, PriorityTaken."""
    store = Store(call.session)
    patient, row = _locked(store, coverage_id)
    call.expect_version(row.version, version)
    return put(call, store, patient, row, edit(rows.coverage(row)))


def put(
    call: Call, store: Store, patient: Patient, row: CoverageRow, entered: Coverage, *, complete: bool = True
) -> CoverageRow:
    """Writes a coverage into its row, its patient being locked; what changes nothing leaves version and event alone."""
    before = rows.coverage(row)
    coverage = _tidied(entered)
    if coverage == before:
        return row
    others = [rows.coverage(one) for one in store.coverages([patient.id])[patient.id]]
    _judge(store, coverage, others, complete)
    rows.put_coverage(row, coverage)
    call.session.flush()
    _say(call, store, patient, row, member_id_changed=before.member_id != coverage.member_id)
    return row


def remove(call: Call, coverage_id: UUID, version: int) -> CoverageRow:
    """Takes back a coverage entered in error. Raises NotFound, StaleVersion. Once more changes nothing."""
    store = Store(call.session)
    patient, row = _locked(store, coverage_id)
    call.expect_version(row.version, version)
    if row.active:
        row.active = False
        call.session.flush()
        _say(call, store, patient, row, member_id_changed=bool(row.member_id))
    return row


def reorder(call: Call, patient_id: UUID, coverage_ids: Sequence[UUID]) -> list[CoverageRow]:
    """Sets the order in which coverages of one case pay, primary first. Raises NotFound, InvalidInput, PriorityTaken."""
    store = Store(call.session)
    patient = store.lock(Patient, patient_id, "patient")
    held = {row.id: row for row in store.coverages([patient_id])[patient_id] if row.active}
    if not set(coverage_ids) <= set(held):
        raise NotFound("coverage")
    chosen = [rows.coverage(held[one]) for one in coverage_ids]
    if len({one.case_number for one in chosen}) > 1:
        raise InvalidInput([Violation("coverage_ids", "must belong to one case")])
    priorities = rules.reordered(chosen)
    after = [
        replace(value, priority=priorities.get(value.coverage_id, value.priority))
        for value in map(rows.coverage, held.values())
    ]
    if any(rules.clashes(value, after) for value in after if value.coverage_id in priorities):
        raise errors.PriorityTaken
    for value in after:
        put_priority(call, held[value.coverage_id], value.priority)
    call.touch(patient.id)
    return listed(call, patient_id, None, False)


def put_priority(call: Call, row: CoverageRow, priority: int) -> None:
    """Gives a coverage another place in the order of payment, and says so when it is another one."""
    if row.priority != priority:
        row.priority = priority
        call.session.flush()
        call.emit(published.coverage_changed(row))


@dataclass(frozen=True, slots=True)
class Verified:
    """A payer's answer about a coverage: active, inactive, rejected or unknown; amounts in minor units."""

    coverage_id: UUID
    outcome: str
    checked_at: datetime
    copay_minor: int | None
    deductible_remaining_minor: int | None
    coinsurance_basis_points: int
    currency: str


def verified(call: Call, answer: Verified) -> bool:
    """Keeps what a payer answered. A refused request leaves the last good answer; an older answer changes nothing.

    Answers whether anything was kept. A coverage that is not on file (any more) is none of our business.
    """
    store = Store(call.session)
    row = store.get(CoverageRow, answer.coverage_id)
    if row is None or (row.last_checked_at is not None and answer.checked_at <= row.last_checked_at):
        return False
    call.touch(row.patient_id)
    kept: dict[str, object] = {"last_outcome": answer.outcome, "last_checked_at": answer.checked_at}
    if answer.outcome in GOOD_ANSWERS:
        kept |= {
            "benefit_active": answer.outcome == "active",
            "verified_at": answer.checked_at,
            "copay_minor": answer.copay_minor,
            "deductible_remaining_minor": answer.deductible_remaining_minor,
            "coinsurance_basis_points": answer.coinsurance_basis_points,
            "currency": answer.currency,
        }
    store.put_benefits(row.id, kept)
    return True


def set_alias(call: Call, text: str, payer_code: str, payer_name: str) -> PayerAlias:
    """Says which payer a text on foreign documents means. Raises InvalidInput (no letter or digit in it)."""
    key = normalise(text)
    if not key:
        raise InvalidInput([Violation("text", "must hold a letter or a digit")])
    store = Store(call.session)
    store.put_payer_alias(key, tidy(text), payer_code, tidy(payer_name))
    return store.payer_aliases_of([key])[0]


def aliases(call: Call, page_size: int, page_token: str) -> tuple[list[PayerAlias], str]:
    """A page of the aliases, in order of text."""
    return Store(call.session).payer_aliases(page_size, page_token)


def _locked(store: Store, coverage_id: UUID) -> tuple[Patient, CoverageRow]:
    """The coverage's patient and the coverage, both locked, the patient first. Raises NotFound."""
    patient_id = store.need(CoverageRow, coverage_id, "coverage").patient_id
    return store.lock(Patient, patient_id, "patient"), store.lock(CoverageRow, coverage_id, "coverage")


def _judge(store: Store, coverage: Coverage, others: Sequence[Coverage], complete: bool) -> None:
    errors.refuse(rules.check(coverage, complete=complete), "coverage")
    if coverage.subscriber is not None and coverage.subscriber.patient_id is not None:
        store.need(Patient, coverage.subscriber.patient_id, "subscriber")
    if rules.clashes(coverage, others):
        raise errors.PriorityTaken


def _tidied(coverage: Coverage) -> Coverage:
    return replace(
        coverage,
        payer_code=tidy(coverage.payer_code),
        payer_name=tidy(coverage.payer_name),
        plan_name=tidy(coverage.plan_name),
        member_id=tidy(coverage.member_id),
        group_number=tidy(coverage.group_number),
    )


def _say(call: Call, store: Store, patient: Patient, row: CoverageRow, *, member_id_changed: bool) -> None:
    if member_id_changed:
        store.put_keys(patient.id, rows.demographics(patient), patient.mrn)
    call.touch(patient.id)
    call.emit(published.coverage_changed(row))
