"""The payer's desk: takes or returns claims (277CA) and decides them (adjudication) with everything it remembers."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, timedelta
from typing import Any

from infra.simulators.clearinghouse.acknowledgements import (
    CLAIM_ACK_VERSION,
    BatchAcknowledgement,
    ClaimStatus,
    write_277ca,
)
from infra.simulators.clearinghouse.adjudicate import Decision, Fate, Left, LineDecision, adjudicate, denials_by_rule
from infra.simulators.clearinghouse.claims import Claim, Line
from infra.simulators.clearinghouse.config import Denial, Payer
from infra.simulators.clearinghouse.edits import ACCEPTED_STATUS, Status, chance_rejection, first_fault
from infra.simulators.clearinghouse.office import Office
from infra.simulators.clearinghouse.store import StoredClaim, decision_to_json
from infra.simulators.kit.chance import between, evenly, fraction
from infra.simulators.x12 import Composer

PAYMENT_HOUR = 10  # UTC
REJECT, DENY, REVERSE, SPLIT, PAY = "reject", "deny", "reverse", "split", "pay"
REDUCE, INCREASE = "reduce", "increase"
REPLACEMENT, VOID = "7", "8"
REPEAT_MODIFIERS = {"59", "76", "77", "91", "XE", "XP", "XS", "XU"}
WRONG_PAYER = Status("A3", "116")  # claim submitted to incorrect payer
NOT_APPROVED = Status("A3", "24", "41")  # entity not approved as an electronic submitter
ORIGINAL_NOT_FOUND = Status("A3", "464", "PR")  # payer assigned claim control number
ORIGINAL_PENDING = Status("A3", "54")  # duplicate of a previously processed claim/line


def fate_of(office: Office, payer: Payer, stored: StoredClaim) -> str:
    """What chance (or the driver, by claim number) has in mind for a claim: one of REJECT … PAY, each exclusive."""
    given = office.config.claims.get(stored.claim.number, {})
    for fate in (REJECT, DENY, REVERSE, SPLIT, PAY):
        if fate in given:
            return fate
    if stored.crossover:
        return PAY
    draw = evenly(office.seed, "fate", stored.nth)
    for fate, share in (
        (REJECT, payer.rejection_fraction),
        (DENY, payer.denial_fraction),
        (REVERSE, payer.reversal_fraction),
        (SPLIT, payer.split_fraction),
    ):
        if draw < share:
            return fate
        draw -= share
    return PAY


def acknowledge_claims(office: Office, submission: int, payer_id: str, batch: str, when: datetime) -> None:
    """The 277CA of a batch to one payer: each claim is taken (and put on the payment calendar) or returned."""
    where = "submission = ? AND payer = ? AND batch = ? AND state = 'received'"
    waiting = office.store.claims(where, submission, payer_id, batch)
    if not waiting:
        return
    payer = office.config.payers.get(payer_id)
    refused = None
    if all(stored.claim.billing_npi in office.config.refused_providers for stored in waiting):
        refused = NOT_APPROVED
    statuses: list[ClaimStatus] = []
    for stored in waiting:
        status = refused or (_front_end(office, payer, stored) if payer else WRONG_PAYER)
        control_number = _take(office, payer, stored, when) if payer and status.accepted else ""
        if not status.accepted:
            office.store.update_claim(stored.id, state="rejected", status=_text(status))
        statuses.append(ClaimStatus(stored.claim, status, control_number))
    answer = BatchAcknowledgement(
        source_id=payer.id if payer else office.config.receiver_id,
        source_name=payer.name if payer else office.config.name,
        source_is_payer=payer is not None,
        submitter=waiting[0].submitter,
        submitter_name=waiting[0].submitter_name,
        batch=batch,
        received=waiting[0].received_at,
        claims=tuple(statuses),
        refused=refused,
    )
    composer = Composer(payer.composer_separators()) if payer else Composer()
    transaction = write_277ca(composer, answer, "0001", when)
    name, body = office.file(
        composer,
        sender=answer.source_id,
        receiver=answer.submitter,
        when=when,
        kind="277CA",
        groups=[("HN", CLAIM_ACK_VERSION, [transaction])],
    )
    office.publish(answer.submitter, name, "277CA", body, when)


def _text(status: Status) -> str:
    return ":".join(part for part in (status.category, status.code, status.entity) if part)


def _front_end(office: Office, payer: Payer, stored: StoredClaim) -> Status:
    claim = stored.claim
    fault = first_fault(claim, stored.received_at.strftime("%Y%m%d"))
    if fault:
        return fault
    if claim.frequency in (REPLACEMENT, VOID):
        original = original_of(office, stored)
        if original is None:
            return ORIGINAL_NOT_FOUND
        if original.state != "paid":
            return ORIGINAL_PENDING
    if fate_of(office, payer, stored) == REJECT:
        given = office.config.claims.get(claim.number, {}).get(REJECT)
        return Status(*given.split(":")) if isinstance(given, str) else chance_rejection(office.seed, claim, stored.nth)
    return ACCEPTED_STATUS


def _take(office: Office, payer: Payer, stored: StoredClaim, when: datetime) -> str:
    control_number = new_control_number(office, payer, when)
    low, high = payer.days_to_payment
    days = between(office.seed, low, high, "payment", payer.id, stored.claim.number, stored.nth)
    day = max(stored.received_at.date() + timedelta(days=days), when.date() + timedelta(days=1))
    office.store.update_claim(stored.id, state="accepted", control_number=control_number, status=_text(ACCEPTED_STATUS))
    schedule(office, payer, day, "claim", stored.id)
    return control_number


def new_control_number(office: Office, payer: Payer, when: datetime) -> str:
    """The payer's number for a claim: year, day of the year, and a running number."""
    return f"{when:%y%j}{office.store.database.next_number(f'control:{payer.id}'):07d}"


def schedule(office: Office, payer: Payer, day: date, kind: str, claim: int, **detail: Any) -> None:
    """Puts something into the payer's payment run of a day."""
    office.store.add_payable(payer.id, day.isoformat(), kind, claim, **detail)
    at = datetime.fromisoformat(f"{day.isoformat()}T{PAYMENT_HOUR:02d}:00:00+00:00")
    office.store.plan(at, "payment_run", payer=payer.id)


def original_of(office: Office, stored: StoredClaim) -> StoredClaim | None:
    """The claim that a replacement or a void names in REF*F8."""
    reference = stored.claim.original_reference
    where = "payer = ? AND control_number = ? AND submitter = ?"
    found = office.store.claims(where, stored.payer, reference, stored.submitter) if reference else []
    return found[-1] if found else None


def decide(office: Office, payer: Payer, stored: StoredClaim, factor: float = 1.0, deny: str = "") -> Decision:
    """Adjudicates a claim against the member's benefits and what is left of them, and books what it uses.

    `factor` and `deny` are second thoughts: allowed amounts changed, or the first line denied for a reason.
    """
    claim = stored.claim
    benefits = office.benefits(payer, claim.member, claim.person)
    year = claim.first_date[:4]
    deductible_used, share_used = office.store.used(payer.id, claim.member, year)
    limit = benefits.out_of_pocket - benefits.out_of_pocket_met - share_used if benefits.out_of_pocket else None
    left = Left(
        deductible=max(0, benefits.deductible - benefits.deductible_met - deductible_used),
        out_of_pocket=None if limit is None else max(0, limit),
    )
    denied = denials_by_rule(claim, payer, stored.received_at.strftime("%Y%m%d"), _duplicates(office, stored))
    if deny:
        denied = {claim.lines[0].number: payer.denial(deny), **denied}
    elif fate_of(office, payer, stored) == DENY and not denied:
        denied = _denied_by_chance(office, payer, stored)
    decision = adjudicate(claim, payer, benefits, left, Fate(denied, factor))
    if claim.sequence == "P":
        office.store.use(payer.id, claim.member, year, decision.deductible_used, decision.cost_share)
    return _echo(office, payer, stored, decision)


def give_back(office: Office, payer: Payer, stored: StoredClaim, decision: Decision) -> None:
    """Returns to the member's year what a reversed decision had used."""
    if stored.claim.sequence == "P":
        year = stored.claim.first_date[:4]
        office.store.use(payer.id, stored.claim.member, year, -decision.deductible_used, -decision.cost_share)


def settle(office: Office, stored: StoredClaim, decision: Decision, day: date, trace: str, control_number: str) -> None:
    """Remembers that a claim was decided and in which payment."""
    office.store.update_claim(
        stored.id,
        state="paid",
        decision=decision_to_json(decision),
        paid_at=day.isoformat(),
        trace=trace,
        control_number=control_number,
    )


def _denied_by_chance(office: Office, payer: Payer, stored: StoredClaim) -> dict[int, Denial]:
    given = office.config.claims.get(stored.claim.number, {})
    numbers = [line.number for line in stored.claim.lines]
    if isinstance(given.get(DENY), str):
        return {number: payer.denial(given[DENY]) for number in given.get("lines", numbers)}
    weights = [denial for denial in payer.denials for _ in range(denial.weight)] or [Denial("16")]
    pick = fraction(office.seed, "denial", payer.id, stored.claim.number, stored.nth)
    denial = weights[int(pick * len(weights))]
    if len(numbers) > 1 and fraction(office.seed, "one line", stored.claim.number, stored.nth) < 0.4:
        numbers = [numbers[int(fraction(office.seed, "which line", stored.claim.number) * len(numbers))]]
    return dict.fromkeys(numbers, denial)


def _duplicates(office: Office, stored: StoredClaim) -> set[int]:
    """Lines of an original claim that this payer paid or holds already, or that come twice in the claim."""
    claim = stored.claim
    if claim.frequency in (REPLACEMENT, VOID):
        return set()
    where = "payer = ? AND member = ? AND first_date = ? AND id < ? AND state IN ('accepted', 'paid')"
    taken: set[tuple[Any, ...]] = set()
    for earlier in office.store.claims(where, stored.payer, claim.member, claim.first_date, stored.id):
        if earlier.claim.billing_npi == claim.billing_npi and earlier.claim.patient == claim.patient:
            taken |= {_identity(earlier.claim, line) for line in _standing(earlier)}
    duplicates: set[int] = set()
    for line in claim.lines:
        key = _identity(claim, line)
        if key in taken and not REPEAT_MODIFIERS & set(line.modifiers):
            duplicates.add(line.number)
        taken.add(key)
    return duplicates


def _standing(earlier: StoredClaim) -> list[Line]:
    """Lines that stand in a payer's books: all of a pending claim, those not denied of a decided one."""
    if earlier.decision is None:
        return list(earlier.claim.lines)
    pairs = zip(earlier.claim.lines, earlier.decision.lines, strict=True)
    return [line for line, decided in pairs if decided.allowed]


def _identity(claim: Claim, line: Line) -> tuple[Any, ...]:
    return (line.code, line.modifiers, line.date, line.charge, claim.rendering_npi)


def _echo(office: Office, payer: Payer, stored: StoredClaim, decision: Decision) -> Decision:
    """Loses a modifier or our line number now and then, as payers do."""

    def echoed(line: LineDecision, number: int) -> LineDecision:
        key = (stored.claim.number, number)
        if line.modifiers and fraction(office.seed, "modifier", *key) < payer.drop_modifier_fraction:
            line = dataclasses.replace(line, modifiers=line.modifiers[:-1])
        if line.reference and fraction(office.seed, "reference", *key) < payer.drop_line_reference_fraction:
            line = dataclasses.replace(line, reference="")
        return line

    lines = tuple(echoed(line, number) for number, line in enumerate(decision.lines))
    return dataclasses.replace(decision, lines=lines)
