"""Price lists and their versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.domain import fees
from billing.domain.fee_files import FeeFile
from billing.domain.fees import FeeScheduleKind, end_before
from billing.errors import PricesInUse
from billing.store import Store
from billing.tables_directory import Fee, FeeSchedule
from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation

# A refusal of a file names so many of its rows.
MOST_TOLD = 100


@dataclass(frozen=True, slots=True)
class PutFeeSchedule:
    """A version of a price list: prices are (procedure, modifier or '', minor units for one unit)."""

    code: str
    name: str
    kind: FeeScheduleKind
    payer_code: str
    location_id: UUID | None
    start: date
    prices: tuple[tuple[str, str, int], ...]


def put_fee_schedule(call: Call, command: PutFeeSchedule) -> FeeSchedule:
    """Adds the version that starts on that day, or replaces it while no charge was priced from it.

    The version before it ends the day before; one that follows it stays as it is. Raises InvalidInput, PricesInUse.
    """
    store = Store(call.session)
    payer_id = _check(store, command)
    versions = store.fee_schedule_versions(command.code)
    if any(
        (v.kind, v.payer_id, v.location_id) != (command.kind.value, payer_id, command.location_id) for v in versions
    ):
        raise InvalidInput([Violation("code", "names a list of another kind, payer or location")])
    other = store.rival_fee_schedule(command.code, command.kind, payer_id, command.location_id)
    if other is not None:
        raise InvalidInput([Violation("code", f"there is such a list already: {other}; add a version to it")])
    before = [version for version in versions if version.start_date < command.start]
    after = [version for version in versions if version.start_date > command.start]
    present = next((version for version in versions if version.start_date == command.start), None)
    if before and before[-1].end_date != end_before(command.start):
        before[-1].end_date = end_before(command.start)
    if present is None:
        present = FeeSchedule(
            id=call.new_id(),
            code=command.code,
            name=command.name,
            kind=command.kind.value,
            payer_id=payer_id,
            location_id=command.location_id,
            start_date=command.start,
            end_date=end_before(after[0].start_date) if after else None,
        )
        store.add(present)
    else:
        kept = {(fee.procedure, fee.modifier): fee.amount_minor for fee in store.fees_of(present.id)}
        if kept == {(code, modifier): amount for code, modifier, amount in command.prices}:
            return present
        if store.fee_schedule_in_use(present.id):
            raise PricesInUse(internal=f"{command.code} from {command.start}")
        present.name = command.name
        store.mark_changed(present, "name")
        store.session.flush()
    store.replace_fees(present.id, command.prices)
    return present


@dataclass(frozen=True, slots=True)
class Comparison:
    """A list's new prices against those in force the day before."""

    added: int
    changed: int
    removed: int


def import_fee_schedule(
    call: Call, command: PutFeeSchedule, file: FeeFile, *, dry_run: bool
) -> tuple[FeeSchedule | None, Comparison]:
    """Puts the version that a file holds; with `dry_run` only tells what would change. Raises as `put_fee_schedule`, and
    InvalidInput naming each row that cannot be used (at most a hundred)."""
    store = Store(call.session)
    compared = _compared(store, command)
    if dry_run:
        return None, compared
    if file.bad:
        raise InvalidInput([Violation("content", f"line {row.line}: {row.problem}") for row in file.bad[:MOST_TOLD]])
    return put_fee_schedule(call, command), compared


def _compared(store: Store, command: PutFeeSchedule) -> Comparison:
    before = [v for v in store.fee_schedule_versions(command.code) if v.start_date < command.start]
    old = {(fee.procedure, fee.modifier): fee.amount_minor for fee in store.fees_of(before[-1].id)} if before else {}
    new = {(procedure, modifier): amount for procedure, modifier, amount in command.prices}
    return Comparison(
        added=len(new.keys() - old.keys()),
        changed=sum(old[key] != amount for key, amount in new.items() if key in old),
        removed=len(old.keys() - new.keys()),
    )


def get_fee_schedule(call: Call, fee_schedule_id: UUID) -> tuple[FeeSchedule, list[Fee]]:
    """One version with its prices. Raises NotFound."""
    store = Store(call.session)
    schedule = store.need(FeeSchedule, fee_schedule_id, "fee schedule")
    return schedule, store.fees_of(fee_schedule_id)


def list_fee_schedules(call: Call, code: str, page_size: int, page_token: str) -> tuple[list[FeeSchedule], str]:
    """Versions of one list or of all, by code and start."""
    return Store(call.session).fee_schedule_page(code, page_size, page_token)


def look_up_price(
    call: Call, *, procedure: str, modifiers: Sequence[str], location_id: UUID, service_date: date, payer_code: str
) -> tuple[int | None, int | None]:
    """(charge, what the payer allows) for one unit in minor units, None where there is no price. Raises NotFound
    (payer).
    """
    store = Store(call.session)
    charge = fees.choose(
        store.fees_for(FeeScheduleKind.CHARGE_MASTER, None, [procedure], service_date),
        procedure=procedure,
        modifiers=modifiers,
        location_id=location_id,
        service_date=service_date,
    )
    allowed = None
    if payer_code:
        payer = store.payer_row(payer_code)
        if payer is None:
            raise NotFound("payer")
        allowed = store.expected_allowed(payer.id, location_id, procedure, modifiers, 1, service_date)
    return (None if charge is None else charge.amount_minor), allowed


def _check(store: Store, command: PutFeeSchedule) -> UUID | None:
    violations = [
        Violation("fees", f"{procedure} {modifier}".strip() + " is there more than once")
        for (procedure, modifier), count in Counter((p, m) for p, m, _ in command.prices).items()
        if count > 1
    ]
    payer = store.payer_row(command.payer_code) if command.payer_code else None
    if command.payer_code and payer is None:
        violations.append(Violation("payer_code", "is not a payer's code"))
    if command.location_id is not None and store.location(command.location_id) is None:
        violations.append(Violation("location_id", "is not a location"))
    if violations:
        raise InvalidInput(violations)
    return payer.id if payer else None
