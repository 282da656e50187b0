"""Writer of 837P 005010X222A1.

Judged by pyx12 for form and code sets; what pyx12 does not see (CLM02, pointers, coordination of benefits) is
checked here before a byte is written, because a payer would throw the claim out weeks later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from billing.domain.x12.elements import amount, d8, plain_text, quantity_text
from billing.domain.x12.errors import UnwritableValue
from billing.domain.x12.professional_claim import (
    SELF,
    VERSION,
    BillingProvider,
    Frequency,
    Insured,
    LineAdjudication,
    OtherPayer,
    Payer,
    PostalAddress,
    Practitioner,
    ProfessionalClaim,
    Receiver,
    ServiceLine,
    Submitter,
)
from billing.domain.x12.remittance import Adjustment
from billing.domain.x12.writer import InterchangeWriter, identifier, name_text

MOST_DIAGNOSES = 12
MOST_LINES = 50  # loop 2400 of a professional claim
MOST_POINTERS = 4


def unbalanced(claim: ProfessionalClaim) -> list[str]:
    """Why a claim with earlier payers would not balance at the next one; empty when it does.

    For every earlier payer: on each line it adjudicated SV102 = SVD02 + Σ CAS(2430); and
    AMT*D = Σ SVD02 − Σ CAS(2320), or CLM02 = AMT*D + Σ CAS(2320) when it gave claim-level figures only.
    """
    found = []
    for other in claim.other_payers:
        who = other.payer.identifier
        adjudicated = [(line, a) for line in claim.lines for a in line.adjudications if a.payer_id == who]
        claim_level = sum(a.amount_minor for a in other.adjustments)
        for line, adjudication in adjudicated:
            explained = adjudication.paid_minor + sum(a.amount_minor for a in adjudication.adjustments)
            if explained != line.charge_minor:
                found.append(f"line {line.line_control}: payer {who} explains {explained} of {line.charge_minor} cents")
        if adjudicated and len(adjudicated) != len(claim.lines):
            found.append(f"payer {who} adjudicated {len(adjudicated)} of {len(claim.lines)} lines")
        base = sum(a.paid_minor for _, a in adjudicated) if adjudicated else claim.charge_minor
        if other.paid_minor != base - claim_level:
            found.append(f"payer {who} paid {other.paid_minor}, its adjudication says {base - claim_level} cents")
    return found


def write_batch(
    writer: InterchangeWriter,
    submitter: Submitter,
    receiver: Receiver,
    reference: str,
    claims: Sequence[ProfessionalClaim],
    set_control: int,
) -> None:
    """Writes one 837 set of claims into an open group of kind HC. `reference` is BHT03: the batch's own number (≤ 50).

    Claims of one billing provider stand below one 2000A. UnwritableValue names what cannot be written.
    """
    if not claims:
        raise UnwritableValue("a batch needs at least one claim")
    at = writer.written_at
    with writer.transaction("837", set_control):
        writer.segment(
            "BHT", "0019", "00", identifier(reference, 1, 50, "the batch reference"), d8(at.date()), f"{at:%H%M}", "CH"
        )
        writer.segment(
            "NM1",
            "41",
            "2",
            plain_text(submitter.name, 60),
            "",
            "",
            "",
            "",
            "46",
            identifier(submitter.identifier, 2, 80, "the submitter id"),
        )
        writer.segment(
            "PER",
            "IC",
            plain_text(submitter.contact_name, 60),
            "TE",
            identifier(submitter.telephone, 10, 10, "the telephone number"),
        )
        writer.segment(
            "NM1",
            "40",
            "2",
            plain_text(receiver.name, 60),
            "",
            "",
            "",
            "",
            "46",
            identifier(receiver.identifier, 2, 80, "the receiver id"),
        )
        levels = _Levels(writer)
        for provider, theirs in groupby(claims, key=lambda claim: claim.billing_provider):
            provider_level = levels.open("", "20", True)
            _billing_provider(writer, provider)
            for claim in theirs:
                _claim(writer, levels, provider_level, claim)


class _Levels:
    """HL numbers: one running count per set."""

    def __init__(self, writer: InterchangeWriter) -> None:
        self._writer = writer
        self._last = 0

    def open(self, parent: str, kind: str, has_children: bool) -> str:
        self._last += 1
        self._writer.segment("HL", str(self._last), parent, kind, "1" if has_children else "0")
        return str(self._last)


def _billing_provider(writer: InterchangeWriter, provider: BillingProvider) -> None:
    if provider.taxonomy:
        writer.segment("PRV", "BI", "PXC", identifier(provider.taxonomy, 10, 10, "the taxonomy code"))
    writer.segment(
        "NM1",
        "85",
        "2",
        plain_text(provider.name, 60),
        "",
        "",
        "",
        "",
        "XX",
        identifier(provider.npi, 10, 10, "the billing NPI"),
    )
    _address(writer, provider.address)
    writer.segment("REF", provider.tax_id_kind, identifier(provider.tax_id, 9, 9, "the tax id"))
    if provider.pay_to is not None:
        writer.segment("NM1", "87", "2")
        _address(writer, provider.pay_to)


def _claim(writer: InterchangeWriter, levels: _Levels, provider_level: str, claim: ProfessionalClaim) -> None:
    problems = unbalanced(claim)
    if problems:
        raise UnwritableValue(f"the coordination of benefits does not balance ({'; '.join(problems)})")
    patient = claim.patient
    subscriber_level = levels.open(provider_level, "22", patient is not None)
    relationship = SELF if patient is None else ""
    _subscriber(writer, claim.responsibility, relationship, claim.insured, claim.payer, claim.insurance_type)
    _insured_name(writer, claim.insured, with_person=patient is None)
    if patient is None:
        _casualty_claim(writer, claim)
    writer.segment(
        "NM1",
        "PR",
        "2",
        plain_text(claim.payer.name, 60),
        "",
        "",
        "",
        "",
        "PI",
        identifier(claim.payer.identifier, 2, 80, "the payer id"),
    )
    if patient is not None:
        levels.open(subscriber_level, "23", False)
        writer.segment("PAT", patient.relationship)
        writer.segment(
            "NM1",
            "QC",
            "1",
            name_text(patient.last, 60, "the patient's last name"),
            plain_text(patient.first, 35),
            plain_text(patient.middle, 25),
        )
        _address(writer, patient.address)
        if patient.birth_date is None:
            raise UnwritableValue("the patient has no birth date")
        writer.segment("DMG", "D8", d8(patient.birth_date), patient.sex or "U")
        _casualty_claim(writer, claim)
    _claim_information(writer, claim)
    for other in claim.other_payers:
        _other_payer(writer, other)
    if not 1 <= len(claim.lines) <= MOST_LINES:
        raise UnwritableValue(f"a claim has 1 to {MOST_LINES} lines")
    for number, line in enumerate(claim.lines, 1):
        _line(writer, number, line, len(claim.diagnoses))


def _subscriber(
    writer: InterchangeWriter,
    responsibility: str,
    relationship: str,
    insured: Insured,
    payer: Payer,
    insurance_type: str,
) -> None:
    group_name = "" if insured.group_number else plain_text(insured.group_name, 60)
    writer.segment(
        "SBR",
        responsibility,
        relationship,
        insured.group_number[:50],
        group_name,
        insurance_type,
        "",
        "",
        "",
        payer.filing_indicator,
    )


def _insured_name(writer: InterchangeWriter, insured: Insured, with_person: bool) -> None:
    last = name_text(insured.last, 60, "the subscriber's last name")
    name = (last, plain_text(insured.first, 35), plain_text(insured.middle, 25))
    writer.segment("NM1", "IL", "1", *name, "", "", "MI", identifier(insured.member_id, 2, 80, "the member id"))
    if not with_person:
        return
    if insured.address is None or insured.birth_date is None:
        raise UnwritableValue("the subscriber is the patient and has no address or birth date")
    _address(writer, insured.address)
    writer.segment("DMG", "D8", d8(insured.birth_date), insured.sex or "U")


def _casualty_claim(writer: InterchangeWriter, claim: ProfessionalClaim) -> None:
    """REF*Y4 in 2010BA, or in 2010CA when the patient is not the subscriber."""
    if claim.casualty_claim:
        writer.segment("REF", "Y4", identifier(claim.casualty_claim, 1, 50, "the accident's claim number"))


def _claim_information(writer: InterchangeWriter, claim: ProfessionalClaim) -> None:
    accident = claim.accident
    cause: tuple[str, ...] = ()
    if accident is not None:
        cause = (accident.cause, "", "", accident.state) if accident.cause == "AA" else (accident.cause,)
    writer.segment(
        "CLM",
        identifier(claim.control, 1, 20, "the claim number"),
        amount(claim.charge_minor),
        "",
        "",
        (identifier(claim.place_of_service, 2, 2, "the place of service"), "B", claim.frequency),
        "Y",  # CLM06 the provider's signature is on file
        "A",  # CLM07 assigned
        "Y",  # CLM08 benefits assigned to the provider
        "Y",  # CLM09 release of information
        "",
        cause,
    )
    if claim.onset_date is not None:
        writer.segment("DTP", "431", "D8", d8(claim.onset_date))
    if accident is not None:
        writer.segment("DTP", "439", "D8", d8(accident.happened_on))
    if claim.referral:
        writer.segment("REF", "9F", identifier(claim.referral, 1, 50, "the referral number"))
    if claim.authorisation:
        writer.segment("REF", "G1", identifier(claim.authorisation, 1, 50, "the authorisation number"))
    if claim.frequency != Frequency.ORIGINAL:
        writer.segment("REF", "F8", identifier(claim.payer_control, 1, 50, "the payer's claim number"))
    if claim.clia:
        writer.segment("REF", "X4", identifier(claim.clia, 10, 10, "the CLIA number"))
    _diagnoses(writer, claim.diagnoses)
    if claim.referring is not None:
        _practitioner(writer, "DN", claim.referring, with_taxonomy=False)
    if claim.rendering is not None:
        _practitioner(writer, "82", claim.rendering, with_taxonomy=True)
    place = claim.service_location
    if place is not None:
        npi = ("XX", place.npi) if place.npi else ()
        writer.segment("NM1", "77", "2", plain_text(place.name, 60), "", "", "", "", *npi)
        _address(writer, place.address)


def _diagnoses(writer: InterchangeWriter, diagnoses: Sequence[str]) -> None:
    if not 1 <= len(diagnoses) <= MOST_DIAGNOSES:
        raise UnwritableValue(f"a claim has 1 to {MOST_DIAGNOSES} diagnoses")
    codes = [code.replace(".", "").upper() for code in diagnoses]
    writer.segment(
        "HI", *[("ABK" if at == 0 else "ABF", identifier(code, 3, 7, "a diagnosis")) for at, code in enumerate(codes)]
    )


def _practitioner(writer: InterchangeWriter, role: str, who: Practitioner, with_taxonomy: bool) -> None:
    name = (name_text(who.last, 60, "a practitioner's last name"), plain_text(who.first, 35))
    writer.segment("NM1", role, "1", *name, "", "", "", "XX", identifier(who.npi, 10, 10, "an NPI"))
    if with_taxonomy and who.taxonomy:
        writer.segment("PRV", "PE", "PXC", identifier(who.taxonomy, 10, 10, "the taxonomy code"))


def _other_payer(writer: InterchangeWriter, other: OtherPayer) -> None:
    """Loop 2320: here SBR02 is always filled."""
    _subscriber(writer, other.responsibility, other.relationship, other.insured, other.payer, "")
    _adjustments(writer, other.adjustments)
    writer.segment("AMT", "D", amount(other.paid_minor))
    if other.patient_left_minor is not None:
        writer.segment("AMT", "EAF", amount(other.patient_left_minor))
    writer.segment("OI", "", "", "Y", "", "", "Y")
    _insured_name(writer, other.insured, with_person=False)
    if other.insured.address is not None:
        _address(writer, other.insured.address)
    writer.segment(
        "NM1",
        "PR",
        "2",
        plain_text(other.payer.name, 60),
        "",
        "",
        "",
        "",
        "PI",
        identifier(other.payer.identifier, 2, 80, "the payer id"),
    )
    if other.adjudicated_on is not None:
        writer.segment("DTP", "573", "D8", d8(other.adjudicated_on))
    if other.payer_control:
        writer.segment("REF", "F8", identifier(other.payer_control, 1, 50, "the payer's claim number"))


def _line(writer: InterchangeWriter, number: int, line: ServiceLine, diagnoses: int) -> None:
    if not 1 <= len(line.pointers) <= MOST_POINTERS or any(not 1 <= pointer <= diagnoses for pointer in line.pointers):
        raise UnwritableValue(f"line {number} does not point at one to four diagnoses of the claim")
    if line.charge_minor < 0:
        raise UnwritableValue(f"line {number} has a negative charge")
    procedure = ("HC", identifier(line.procedure, 5, 5, "a procedure code"), *line.modifiers[:4])
    pointers = tuple(str(pointer) for pointer in line.pointers)
    writer.segment("LX", str(number))
    writer.segment(
        "SV1",
        procedure,
        amount(line.charge_minor),
        "UN",
        quantity_text(line.units),
        line.place_of_service,
        "",
        pointers,
    )
    if line.service_from == line.service_to:
        writer.segment("DTP", "472", "D8", d8(line.service_from))
    else:
        writer.segment("DTP", "472", "RD8", f"{d8(line.service_from)}-{d8(line.service_to)}")
    writer.segment("REF", "6R", identifier(line.line_control, 1, 30, "the line number"))
    if line.ndc:
        if line.ndc_quantity is None:
            raise UnwritableValue(f"line {number} names a drug without its quantity")
        writer.segment("LIN", "", "N4", identifier(line.ndc, 11, 11, "the NDC"))
        writer.segment("CTP", "", "", "", quantity_text(line.ndc_quantity), (line.ndc_unit,))
    for adjudication in line.adjudications:
        _adjudication(writer, adjudication)


def _adjudication(writer: InterchangeWriter, said: LineAdjudication) -> None:
    procedure = ("HC", said.procedure, *said.modifiers[:4])
    writer.segment("SVD", said.payer_id, amount(said.paid_minor), procedure, "", quantity_text(said.units))
    _adjustments(writer, said.adjustments)
    writer.segment("DTP", "573", "D8", d8(said.adjudicated_on))
    if said.patient_left_minor is not None:
        writer.segment("AMT", "EAF", amount(said.patient_left_minor))


def _adjustments(writer: InterchangeWriter, adjustments: Iterable[Adjustment]) -> None:
    """One CAS per group, up to six reasons each (a second CAS of the group for more)."""
    in_order = sorted(adjustments, key=lambda adjustment: adjustment.group)
    for group, theirs in groupby(in_order, key=lambda adjustment: adjustment.group):
        reasons = list(theirs)
        for at in range(0, len(reasons), 6):
            cells: list[str] = []
            for adjustment in reasons[at : at + 6]:
                count = quantity_text(adjustment.quantity) if adjustment.quantity is not None else ""
                cells += [adjustment.reason, amount(adjustment.amount_minor), count]
            writer.segment("CAS", group, *cells)


def _address(writer: InterchangeWriter, address: PostalAddress) -> None:
    line1 = plain_text(address.line1, 55)
    if not line1:
        raise UnwritableValue("an address has no first line")
    writer.segment("N3", line1, plain_text(address.line2, 55))
    writer.segment(
        "N4",
        plain_text(address.city, 30),
        identifier(address.state.upper(), 2, 2, "the state"),
        identifier(address.postal_code.replace("-", ""), 5, 9, "the postal code"),
    )


__all__ = ["VERSION", "unbalanced", "write_batch"]
