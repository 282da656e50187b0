"""Payers' answers that people key: they become an 835 of our own, proved and posted as any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from billing.domain.charges import ChargeLine
from billing.domain.x12.errors import UnwritableValue
from billing.domain.x12.professional_claim import Responsibility
from billing.domain.x12.reader import X12Reader
from billing.domain.x12.remittance import (
    Adjustment,
    ClaimStatus,
    Procedure,
    ProviderAdjustment,
    RemittanceClaim,
    RemittanceHeader,
    RemittanceLine,
)
from billing.domain.x12.remittance import Remittance as RemittanceSet
from billing.domain.x12.remittance_proof import ProofResult, prove
from billing.domain.x12.remittance_writer import write_remittance
from billing.domain.x12.writer import EnvelopeData
from billing.errors import RemittanceKnown
from billing.store import Store
from billing.tables_claims import Claim, ClaimLine, Remittance
from billing.tables_directory import BillingEntity, Payer
from billing.usecases import inbound, remittances
from chassis.call import Call
from chassis.errors import FailedPrecondition, InvalidInput, NotFound, Violation

STATUS_OF = {
    Responsibility.PRIMARY.value: ClaimStatus.PRIMARY.value,
    Responsibility.SECONDARY.value: ClaimStatus.SECONDARY.value,
    Responsibility.TERTIARY.value: ClaimStatus.TERTIARY.value,
}
SERIES = "keyed_remittance"


@dataclass(frozen=True, slots=True)
class KeyedLine:
    """One line of an EOB: paid, adjustments (in order), what it calls allowed; minor units."""

    charge_line_id: UUID
    paid_minor: int
    allowed_minor: int | None
    adjustments: tuple[Adjustment, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyedClaim:
    """One claim of an EOB; `status` is CLP02, '' for the claim's place in the order of payers."""

    claim_id: UUID
    payer_control: str
    status: str
    lines: tuple[KeyedLine, ...]


@dataclass(frozen=True, slots=True)
class Keyed:
    """A whole EOB; `payment_minor` is the check's or transfer's amount."""

    payer_code: str
    method: str
    trace: str
    paid_on: date
    payment_minor: int
    claims: tuple[KeyedClaim, ...]
    provider_level: tuple[ProviderAdjustment, ...]
    refused_remittance_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The proof of what was keyed, what is left over (minor units), and the set unless it was only validated."""

    proof: ProofResult
    unposted_minor: int
    remittance: Remittance | None


def key(call: Call, command: Keyed, *, validate_only: bool) -> Outcome:
    """Proves a keyed answer and plans its posting. Raises InvalidInput, RemittanceKnown, FailedPrecondition, NotFound."""
    store = Store(call.session)
    payer = store.payer_row(command.payer_code)
    if payer is None:
        raise NotFound("payer")
    refused = _refused(store, command)
    claims, entity, violations = _claims(call, store, payer, command)
    header = _header(command, payer, entity)
    year_end = date(command.paid_on.year, 12, 31)
    provider_level = tuple(
        replace(entry, provider=header.payee_id, fiscal_year_end=year_end) for entry in command.provider_level
    )
    set_ = RemittanceSet(header, tuple(claims), provider_level, "")
    proof = prove(set_)
    taken = proof.provider_adjustments_minor
    unposted = command.payment_minor - proof.claims_paid_minor + taken
    if unposted and not validate_only:
        violations.append(Violation("payment", f"{unposted} cents of it are on no line"))
    if refused is not None and refused.payment_minor != command.payment_minor:
        violations.append(Violation("payment", f"the refused set's payment is {refused.payment_minor} cents"))
    if violations:
        raise InvalidInput(violations)
    if validate_only:
        return Outcome(proof, unposted, None)
    twin = store.remittance_of_payment(payer.id, command.trace, command.payment_minor)
    if twin is not None and (refused is None or twin.id != refused.id):
        raise RemittanceKnown()
    return Outcome(proof, unposted, _keep(call, store, set_, refused))


def _refused(store: Store, command: Keyed) -> Remittance | None:
    if command.refused_remittance_id is None:
        return None
    row = store.lock(Remittance, command.refused_remittance_id, "remittance")
    if row.state != "refused":
        raise FailedPrecondition("The remittance is not refused any more.")
    return row


def _keep(call: Call, store: Store, set_: RemittanceSet, refused: Remittance | None) -> Remittance:
    """Writes the set as a file of ours, and has it registered like any other."""
    control = store.next_number(SERIES)
    envelope = EnvelopeData("ZZ", "KEYED", "ZZ", "POLYCLINIC", control, call.now, production=True)
    try:
        data = write_remittance(envelope, set_.header, set_.claims, set_.provider_adjustments)
    except UnwritableValue as unwritable:
        raise InvalidInput([Violation("claims", str(unwritable))]) from unwritable
    file = inbound.keep_file(call, store, f"keyed-{control}.835", data, source="keyed")
    with inbound.opened(call, file) as stream:
        [row] = [
            remittances.register(call, store, file, index, transaction, in_place_of=refused)
            for index, transaction in enumerate(X12Reader(stream).sets())
        ]
    file.state, file.kinds = "processed", ["835"]
    store.session.flush()
    return row


def _header(command: Keyed, payer: Payer, entity: BillingEntity | None) -> RemittanceHeader:
    return RemittanceHeader(
        handling="I",
        payment_minor=command.payment_minor,
        credit=True,
        method=command.method,
        paid_on=command.paid_on,
        paid_on_text=f"{command.paid_on:%Y%m%d}",
        trace=command.trace,
        originator=remittances.KEYED,
        payer_name=plain(payer.name),
        payer_ids=(payer.x12_payer_id or payer.code,),
        payee_name=plain(entity.name) if entity else "CLINIC",
        payee_id=entity.npi if entity else "",
        produced_on=None,
        control="0001",
        receiver_id="POLYCLINIC",
        oddities=(),
    )


def plain(text: str) -> str:
    """A name in the letters that X12 carries."""
    kept = "".join(char if char.isascii() and (char.isalnum() or char in " .-&'") else " " for char in text)
    return " ".join(kept.upper().split())[:60]


def _claims(
    call: Call, store: Store, payer: Payer, command: Keyed
) -> tuple[list[RemittanceClaim], BillingEntity | None, list[Violation]]:
    """The keyed claims as an 835 tells them, who is paid, and what does not fit or balance."""
    ids = [keyed.claim_id for keyed in command.claims]
    rows, lines = store.claims_by_id(ids), store.claim_lines(ids)
    charges = store.charge_lines({line.charge_line_id for of in lines.values() for line in of})
    people = store.patients({row.patient_id for row in rows.values()})
    violations: list[Violation] = []
    told: list[RemittanceClaim] = []
    for number, keyed in enumerate(command.claims):
        row = rows.get(keyed.claim_id)
        if row is None:
            raise NotFound("claim")
        call.touch(row.patient_id)
        if row.payer_id != payer.id:
            violations.append(Violation(f"claims[{number}].claim_id", "went to another payer"))
            continue
        person = people.get(row.patient_id)
        names = (plain(person.last), plain(person.first)) if person else ("", "")
        told.append(_claim(number, keyed, row, lines.get(row.id, []), charges, names, payer, violations))
    entity_ids = [row.billing_entity_id for row in rows.values()]
    entity_ids += [location.billing_entity_id for location in store.locations()[:1]]
    return told, store.billing_entity(entity_ids[0]) if entity_ids else None, violations


def _claim(
    number: int,
    keyed: KeyedClaim,
    row: Claim,
    ours: Sequence[ClaimLine],
    charges: Mapping[UUID, ChargeLine],
    names: tuple[str, str],
    payer: Payer,
    violations: list[Violation],
) -> RemittanceClaim:
    status = keyed.status or STATUS_OF[row.responsibility]
    sign = -1 if status == ClaimStatus.REVERSAL else 1
    controls = {line.charge_line_id: line.line_control for line in ours}
    lines: list[RemittanceLine] = []
    for at, line in enumerate(keyed.lines):
        place, charge = f"claims[{number}].lines[{at}]", charges.get(line.charge_line_id)
        if line.charge_line_id not in controls or charge is None:
            violations.append(Violation(f"{place}.charge_line_id", "is not on the claim"))
            continue
        billed = sign * charge.charge_minor
        left = billed - line.paid_minor - sum(a.amount_minor for a in line.adjustments)
        if left:
            violations.append(Violation(place, f"of {billed} cents billed {left} are neither paid nor explained"))
        lines.append(_line(line, charge, billed, controls[line.charge_line_id]))
    patient = sum(a.amount_minor for line in lines for a in line.adjustments if a.group == "PR")
    return RemittanceClaim(
        claim_control=row.control,
        status=status,
        charge_minor=sum(line.charge_minor for line in lines),
        paid_minor=sum(line.paid_minor for line in lines),
        patient_minor=patient,
        filing_indicator=payer.filing_indicator,
        payer_control=keyed.payer_control,
        facility="",
        frequency="",
        patient_last=names[0],
        patient_first=names[1],
        patient_id="",
        corrected_id="",
        forwarded_to=None,
        rendering_id="",
        service_from=row.service_date,
        service_to=row.service_date,
        received_on=None,
        adjustments=(),
        lines=tuple(lines),
        remarks=(),
        interest_minor=0,
        covered_minor=None,
        segment=0,
    )


def _line(keyed: KeyedLine, charge: ChargeLine, billed_minor: int, control: str) -> RemittanceLine:
    return RemittanceLine(
        procedure=Procedure("HC", charge.procedure, charge.modifiers),
        charge_minor=billed_minor,
        paid_minor=keyed.paid_minor,
        units=Decimal(charge.units),
        billed=None,
        billed_units=None,
        service_from=charge.service_date,
        service_to=charge.service_date,
        adjustments=keyed.adjustments,
        line_control=control,
        allowed_minor=keyed.allowed_minor,
        remarks=keyed.remarks,
        segment=0,
    )
