"""Deposit slips, and the bank's word about what came in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.adapters.deposit_paper import render_deposit_slip
from billing.errors import DepositKnown
from billing.store import Store
from billing.tables_books import BankDeposit
from billing.tables_claims import Remittance
from billing.tables_directory import Location
from billing.tables_money import DayClose
from billing.usecases import drawers
from chassis.call import Call
from chassis.errors import FailedPrecondition, InvalidInput, NotFound, Violation

SLIP = re.compile(r"D(\d{8})-(\d+)").fullmatch
BY_ITSELF = "matched"


@dataclass(frozen=True, slots=True)
class Slip:
    """What a closed day brings to the bank: cash, and checks with their numbers; minor units."""

    number: str
    location: Location
    cash_minor: int
    checks: tuple[tuple[str, int], ...]

    @property
    def total_minor(self) -> int:
        """Cash and checks."""
        return self.cash_minor + sum(amount for _, amount in self.checks)


def slip_of(store: Store, close: DayClose) -> Slip:
    """The slip of a closed day, from its counted drawers; change that was put in stays out."""
    location = store.location(close.location_id)
    if location is None:
        raise NotFound("location")
    counted = store.counted_drawers(close.location_id, close.business_date)
    cash = sum((drawer.counted_cash_minor or 0) - drawer.opening_float_minor for drawer in counted)
    checks = [(check.check_number, check.amount_minor) for check in store.checks_of(drawer.id for drawer in counted)]
    difference = sum(drawer.counted_checks_minor or 0 for drawer in counted) - sum(amount for _, amount in checks)
    if difference:
        checks.append(("difference of the count", difference))
    number = f"D{close.business_date:%Y%m%d}-{location.number}"
    return Slip(number, location, cash, tuple(checks))


def get_slip(call: Call, day_close_id: UUID) -> tuple[str, bytes]:
    """(number, PDF). Raises NotFound."""
    store = Store(call.session)
    close = store.need(DayClose, day_close_id, "closed day")
    if not drawers.may_see(call, close.location_id):
        raise NotFound("closed day")
    slip = slip_of(store, close)
    biller = store.billing_entity(slip.location.billing_entity_id)
    pdf = render_deposit_slip(
        slip.number, close.business_date, slip.location, biller, cash_minor=slip.cash_minor, checks=slip.checks
    )
    return slip.number, pdf


def key_deposit(call: Call, deposited_on: date, amount_minor: int, reference: str) -> BankDeposit:
    """Keys a line of the bank's account; it explains itself when reference and amount agree. Raises DepositKnown."""
    store = Store(call.session)
    if store.same_deposit(deposited_on, reference, amount_minor) is not None:
        raise DepositKnown()
    row = BankDeposit(
        id=call.new_id(),
        deposited_on=deposited_on,
        amount_minor=amount_minor,
        reference=reference,
        keyed_at=call.now,
        keyed_by=call.principal.id,
        explained_by="",
    )
    remittance = store.unconfirmed_remittance(reference, amount_minor)
    close = _close_named(store, reference, amount_minor)
    if remittance is not None:
        row.remittance_id = remittance.id
    elif close is not None:
        row.day_close_id = close.id
    if remittance is not None or close is not None:
        row.explained_at, row.explained_by = call.now, BY_ITSELF
    return store.add(row)


def _close_named(store: Store, reference: str, amount_minor: int) -> DayClose | None:
    named = SLIP(reference)
    if named is None:
        return None
    try:
        day = date.fromisoformat(named[1])
    except ValueError:
        return None
    close = store.day_close_of(int(named[2]), day)
    if close is None or slip_of(store, close).total_minor != amount_minor:
        return None
    return close if store.deposit_for(day_close_id=close.id) is None else None


def explain(
    call: Call, bank_deposit_id: UUID, remittance_id: UUID | None, day_close_id: UUID | None, version: int
) -> BankDeposit:
    """Says what a line of the bank is. Raises NotFound, StaleVersion, FailedPrecondition."""
    store = Store(call.session)
    row = store.lock(BankDeposit, bank_deposit_id, "bank deposit")
    call.expect_version(row.version, version)
    if row.explained_at is not None:
        raise FailedPrecondition("The deposit is explained already.")
    if remittance_id is not None:
        amount = store.need(Remittance, remittance_id, "remittance").payment_minor
    elif day_close_id is not None:
        amount = slip_of(store, store.need(DayClose, day_close_id, "closed day")).total_minor
    else:
        raise InvalidInput([Violation("remittance_id", "say what the deposit is")])
    if amount != row.amount_minor:
        raise FailedPrecondition("The amounts differ.")
    if store.deposit_for(remittance_id=remittance_id, day_close_id=day_close_id) is not None:
        raise FailedPrecondition("Another deposit is explained by it.")
    row.remittance_id, row.day_close_id = remittance_id, day_close_id
    row.explained_at, row.explained_by = call.now, call.principal.id
    store.session.flush()
    return row


def list_deposits(call: Call, *, unexplained: bool, page_size: int, page_token: str) -> tuple[list[BankDeposit], str]:
    """Lines of the bank's account, the newest first."""
    return Store(call.session).deposit_page(unexplained=unexplained, page_size=page_size, page_token=page_token)


def list_awaited(call: Call, page_size: int, page_token: str) -> tuple[list[Remittance], str]:
    """Payments that no line of the bank confirms, the oldest first."""
    return Store(call.session).awaited_page(page_size, page_token)
