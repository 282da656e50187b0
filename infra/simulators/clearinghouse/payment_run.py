"""A payer's payment run: all that is due on a day becomes one 835 file per payee, with takebacks and interest."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from infra.simulators.clearinghouse import desk
from infra.simulators.clearinghouse.adjudicate import REVERSAL, Decision, decimal, reversal_of, rounded
from infra.simulators.clearinghouse.claims import Claim, EarlierResult, OtherPayer
from infra.simulators.clearinghouse.config import Payer
from infra.simulators.clearinghouse.office import Office
from infra.simulators.clearinghouse.remittance import (
    VERSION,
    ClaimPayment,
    Payee,
    PaymentSet,
    ProviderAdjustment,
    split_claim,
    write_set,
)
from infra.simulators.clearinghouse.store import Payable, StoredClaim
from infra.simulators.kit.chance import between, fraction
from infra.simulators.x12 import Composer

OVERPAYMENT, FORWARD_BALANCE, INTEREST = "WO", "FB", "L6"
CROSSOVER_DAYS = (7, 14)
# A PLB segment holds six pairs and a set gets one: three for its own interest and reversals, then takebacks, balance.
OWN_ADJUSTMENTS, TAKEBACKS = 3, 2


@dataclass(frozen=True)
class Unit:
    """Claim payments that belong together (a reversal with its correction), and whose claims they are."""

    stored: StoredClaim
    payments: tuple[ClaimPayment, ...]

    @property
    def net(self) -> int:
        """Σ CLP04 of the unit."""
        return sum(payment.decision.paid for payment in self.payments)

    @property
    def adjusted(self) -> int:
        """How many provider-level adjustments the unit may need."""
        return sum(payment.interest > 0 for payment in self.payments) + (self.net < 0)

    @property
    def unpaid(self) -> bool:
        """Nothing is paid and nothing is taken back."""
        return all(payment.decision.paid == 0 and payment.decision.status != REVERSAL for payment in self.payments)


def run_payments(office: Office, payer_id: str, when: datetime) -> None:
    """Pays everything the payer has for this day."""
    payer = office.payer(payer_id)
    day = when.date()
    units: dict[tuple[str, Payee], list[Unit]] = {}
    for payable in office.store.take_payables(payer_id, day.isoformat()):
        for unit in _unit(office, payer, payable, when):
            key = (unit.stored.submitter, Payee.of(unit.stored.claim))
            units.setdefault(key, []).append(unit)
    for (submitter, payee), theirs in sorted(units.items(), key=lambda item: (item[0][0], item[0][1].npi)):
        _remit(office, payer, submitter, payee, theirs, when)


def _unit(office: Office, payer: Payer, payable: Payable, when: datetime) -> Iterable[Unit]:
    stored = office.store.claim(payable.claim)
    match payable.kind:
        case "claim" if stored.claim.frequency == desk.VOID:
            return _voided(office, payer, stored)
        case "claim":
            original = desk.original_of(office, stored) if stored.claim.frequency == desk.REPLACEMENT else None
            first = _reverse(office, payer, original) if original and original.state == "paid" else ()
            return [Unit(stored, (*first, *_decided(office, payer, stored, when)))]
        case "correction":
            return _reconsidered(office, payer, stored, payable.detail["how"], when)
        case _:
            return [Unit(stored, _corrected(office, payer, stored, payable.detail["how"], when))]


def _decided(office: Office, payer: Payer, stored: StoredClaim, when: datetime) -> tuple[ClaimPayment, ...]:
    decision = desk.decide(office, payer, stored)
    desk.settle(office, stored, decision, when.date(), "", stored.control_number)
    payment = _payment(office, payer, stored, decision, when.date())
    fate = desk.fate_of(office, payer, stored)
    if fate == desk.REVERSE and decision.paid > 0:
        _plan_correction(office, payer, stored, when.date())
    if decision.forwarded_to in office.config.payers:
        _forward(office, stored, decision, when)
    if fate == desk.SPLIT and len(decision.lines) > 1:
        return split_claim(payment, "S")
    return (payment,)


def _payment(office: Office, payer: Payer, stored: StoredClaim, decision: Decision, day: date) -> ClaimPayment:
    late = (day - stored.received_at.date()).days - payer.interest_after_days
    interest = 0
    if payer.interest_after_days and late > 0 and decision.paid > 0:
        interest = rounded(decision.paid * decimal(payer.interest_rate) * late / 365)
    forwarded = office.config.payers.get(decision.forwarded_to)
    return ClaimPayment(
        claim=stored.claim,
        decision=decision,
        control_number=stored.control_number,
        received=stored.received_at.strftime("%Y%m%d"),
        interest=interest,
        forwarded_name=forwarded.name if forwarded else "",
    )


def _plan_correction(office: Office, payer: Payer, stored: StoredClaim, day: date) -> None:
    number = stored.claim.number
    given = office.config.claims.get(number, {}).get(desk.REVERSE)
    chance = fraction(office.seed, "correction", number)
    how = given or (desk.REDUCE if chance < 0.5 else desk.DENY if chance < 0.8 else desk.INCREASE)
    low, high = payer.reversal_days
    later = day + timedelta(days=between(office.seed, low, high, "reversal", number))
    desk.schedule(office, payer, later, "correction", stored.id, how=how)


def _voided(office: Office, payer: Payer, stored: StoredClaim) -> list[Unit]:
    """A void (frequency 8): the original is reversed for good."""
    original = desk.original_of(office, stored)
    office.store.update_claim(stored.id, state="voided")
    return [Unit(stored, _reverse(office, payer, original))] if original and original.state == "paid" else []


def _reconsidered(office: Office, payer: Payer, stored: StoredClaim, how: str, when: datetime) -> list[Unit]:
    """A second thought of the payer: reversed and decided anew, in the same run or a later one."""
    if stored.state != "paid":
        return []  # the clinic has replaced or voided it in the meantime
    reversal = _reverse(office, payer, stored)
    if payer.correction_apart_days:
        later = when.date() + timedelta(days=payer.correction_apart_days)
        desk.schedule(office, payer, later, "corrected", stored.id, how=how)
        return [Unit(stored, reversal)]
    return [Unit(stored, (*reversal, *_corrected(office, payer, stored, how, when)))]


def _reverse(office: Office, payer: Payer, original: StoredClaim) -> tuple[ClaimPayment, ...]:
    if original.decision is None:
        return ()
    desk.give_back(office, payer, original, original.decision)
    office.store.update_claim(original.id, state="reversed")
    return (
        ClaimPayment(
            claim=original.claim,
            decision=reversal_of(original.decision),
            control_number=original.control_number,
            received=original.received_at.strftime("%Y%m%d"),
            with_lines=payer.reversal_has_lines,
        ),
    )


def _corrected(office: Office, payer: Payer, stored: StoredClaim, how: str, when: datetime) -> tuple[ClaimPayment, ...]:
    factor = {desk.REDUCE: 0.85, desk.INCREASE: 1.15}.get(how, 1.0)
    decision = desk.decide(office, payer, stored, factor, deny="97" if how == desk.DENY else "")
    control_number = desk.new_control_number(office, payer, when)
    desk.settle(office, stored, decision, when.date(), "", control_number)
    renumbered = dataclasses.replace(stored, control_number=control_number)
    return (dataclasses.replace(_payment(office, payer, renumbered, decision, when.date()), interest=0),)


def _forward(office: Office, stored: StoredClaim, decision: Decision, when: datetime) -> None:
    """Crossover: the next payer gets the claim with our result, without the clinic doing anything."""
    payer = office.payer(stored.payer)
    other = office.benefits(payer, stored.claim.member, stored.claim.person).other
    if other is None:
        return
    target = office.payer(other.payer)
    claim = _as_secondary(stored, decision, other.payer, other.member)
    identity = office.store.add_claim(
        claim,
        submitter=stored.submitter,
        submitter_name=stored.submitter_name,
        submission=0,
        received_at=when,
        state="accepted",
        nth=0,
        crossover=True,
    )
    office.store.update_claim(identity, control_number=desk.new_control_number(office, target, when), status="A2:20")
    days = between(office.seed, *CROSSOVER_DAYS, "crossover", stored.claim.number)
    desk.schedule(office, target, when.date() + timedelta(days=days), "claim", identity)


def _as_secondary(stored: StoredClaim, decision: Decision, payer: str, member: str) -> Claim:
    lines = tuple(
        dataclasses.replace(line, earlier=(EarlierResult(stored.payer, decided.paid, decided.adjustments),))
        for line, decided in zip(stored.claim.lines, decision.lines, strict=True)
    )
    before = OtherPayer(
        sequence="P",
        payer=stored.payer,
        name=stored.claim.payer_name,
        member=stored.claim.member,
        paid=decision.paid,
        patient_share=decision.patient_share,
        adjustments=(),
        control_number=stored.control_number,
    )
    return dataclasses.replace(
        stored.claim, sequence="S", payer=payer, member=member, lines=lines, others=(before,), frequency="1"
    )


def _remit(office: Office, payer: Payer, submitter: str, payee: Payee, units: list[Unit], when: datetime) -> None:
    composer = Composer(payer.composer_separators())
    day = when.date()
    sets: list[list[str]] = []
    rows: list[PaymentSet] = []
    for chunk in _chunks(payer, units):
        payment = _balance(office, payer, payee, chunk, day)
        for unit in chunk:
            office.store.update_claim(unit.stored.id, trace=payment.trace)
        sets.append(write_set(composer, payer, payee, payment, f"{len(sets) + 1:04d}", day))
        rows.append(payment)
    name, body = office.file(
        composer,
        sender=payer.id,
        receiver=submitter,
        when=when,
        kind="835",
        groups=[("HP", VERSION, sets)],
    )
    with office.store.database.transaction() as connection:
        for payment in rows:
            connection.execute(
                "INSERT INTO payment_set (payer, payee, submitter, trace, file, bpr02, clp04_sum, plb_sum, claims, day)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    payer.id,
                    payee.npi,
                    submitter,
                    payment.trace,
                    name,
                    payment.paid,
                    payment.claims_total,
                    payment.adjustments_total,
                    len(payment.claims),
                    day.isoformat(),
                ),
            )
    office.publish(submitter, name, "835", body, when)


def _chunks(payer: Payer, units: list[Unit]) -> Iterable[list[Unit]]:
    """The units set by set: at most `claims_per_set`, no more than one PLB can explain, unpaid ones apart if the payer
    does so."""
    kinds = [units]
    if payer.separate_zero_pay:
        kinds = [[unit for unit in units if not unit.unpaid], [unit for unit in units if unit.unpaid]]
    for kind in kinds:
        chunk: list[Unit] = []
        for unit in kind:
            adjusted = sum(each.adjusted for each in chunk) + unit.adjusted > OWN_ADJUSTMENTS
            if chunk and (adjusted or len(chunk) == payer.claims_per_set):
                yield chunk
                chunk = []
            chunk.append(unit)
        if chunk:
            yield chunk


def _balance(office: Office, payer: Payer, payee: Payee, units: list[Unit], day: date) -> PaymentSet:
    """The set with the provider-level adjustments that bring its payment to zero or more."""
    trace = f"{day:%y%m%d}{office.store.database.next_number(f'trace:{payer.id}'):06d}"
    payments = tuple(payment for unit in units for payment in unit.payments)
    adjustments = [
        ProviderAdjustment(INTEREST, payment.control_number, -payment.interest)
        for payment in payments
        if payment.interest
    ]
    if payer.recovery == "deferred":
        for unit in units:
            if unit.net < 0:
                reference = _reference(payer, unit)
                adjustments.append(ProviderAdjustment(OVERPAYMENT, reference, unit.net))
                available = day + timedelta(days=payer.deferral_days)
                _owe(office, payer, payee, OVERPAYMENT, reference, -unit.net, available)
    left = sum(unit.net for unit in units) - sum(adjustment.amount for adjustment in adjustments)
    for taken in _take_back(office, payer, payee, left, day):
        adjustments.append(taken)
        left -= taken.amount
    if left < 0:
        adjustments.append(ProviderAdjustment(FORWARD_BALANCE, trace, left))
        _owe(office, payer, payee, FORWARD_BALANCE, trace, -left, day + timedelta(days=1))
    return PaymentSet(trace, payments, tuple(adjustments))


def _reference(payer: Payer, unit: Unit) -> str:
    number, control_number = unit.stored.claim.number, unit.payments[0].control_number
    forms = {"payer": control_number, "provider": number, "both": f"{control_number} {number}"}
    return forms[payer.recovery_reference]


def _owe(office: Office, payer: Payer, payee: Payee, reason: str, reference: str, amount: int, available: date) -> None:
    with office.store.database.transaction() as connection:
        connection.execute(
            "INSERT INTO takeback (payer, payee, reason, reference, outstanding, available_on)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (payer.id, payee.npi, reason, reference, amount, available.isoformat()),
        )


def _take_back(office: Office, payer: Payer, payee: Payee, left: int, day: date) -> list[ProviderAdjustment]:
    """What is owed to the payer, oldest first, as far as this payment reaches."""
    rows = office.store.database.all(
        "SELECT * FROM takeback WHERE payer = ? AND payee = ? AND outstanding > 0 AND available_on <= ? ORDER BY id",
        payer.id,
        payee.npi,
        day.isoformat(),
    )
    taken: list[ProviderAdjustment] = []
    with office.store.database.transaction() as connection:
        for row in rows:
            amount = min(row["outstanding"], left)
            if amount <= 0 or len(taken) == TAKEBACKS:
                break
            left -= amount
            connection.execute("UPDATE takeback SET outstanding = outstanding - ? WHERE id = ?", (amount, row["id"]))
            taken.append(ProviderAdjustment(row["reason"], row["reference"], amount))
    return taken
