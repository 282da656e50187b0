"""277CA 005010X214 (claim acknowledgement), 277 005010X212 (status response) and the 276 that asks for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from billing.domain.x12.elements import amount, ccyymmdd, cents, d8, element, plain_text
from billing.domain.x12.errors import SetRefused
from billing.domain.x12.inquiries import write_payer, write_provider
from billing.domain.x12.reader import TransactionSet
from billing.domain.x12.writer import InterchangeWriter, identifier

ACKNOWLEDGEMENT_VERSION = "005010X214"
STATUS_VERSION = "005010X212"


@dataclass(frozen=True, slots=True)
class Status:
    """One STC01/10/11: category (A1, A7, F2, P3 …), status code, entity it speaks of; STC12 (text) with the first."""

    category: str
    code: str
    entity: str = ""
    text: str = ""

    def __str__(self) -> str:
        return ":".join(part for part in (self.category, self.code, self.entity) if part)


@dataclass(frozen=True, slots=True)
class StatusReport:
    """An STC segment: one to three statuses, the day they are as of, the amounts repeated (cents, None: not given)."""

    statuses: tuple[Status, ...]
    as_of: date | None
    action: str  # STC03 of a 277CA: WQ accepted, U rejected
    charge_minor: int | None
    paid_minor: int | None

    @property
    def first(self) -> Status:
        """The status that decides."""
        return self.statuses[0]


class Level(StrEnum):
    """At which level of the hierarchy a report stands (HL03)."""

    SOURCE = "20"
    RECEIVER = "21"
    PROVIDER = "19"
    SUBSCRIBER = "22"
    DEPENDENT = "23"
    PATIENT = "PT"


@dataclass(frozen=True, slots=True)
class ClaimStatusEntry:
    """What is said about one claim: `trace` is our CLM01 (277CA) or the TRN of our 276; payer's number in REF*1K."""

    trace: str
    patient_last: str
    patient_first: str
    member_id: str
    reports: tuple[StatusReport, ...]
    payer_control: str
    lines: tuple[tuple[str, StatusReport], ...]  # (our line number or procedure, report)


@dataclass(frozen=True, slots=True)
class LevelEntry:
    """What is said about a whole level without naming claims: 2200B (receiver) or 2200C (provider)."""

    level: str
    name: str
    identifier: str  # NPI at the provider level
    trace: str  # TRN02: at the receiver level our BHT03
    reports: tuple[StatusReport, ...]


@dataclass(frozen=True, slots=True)
class StatusAnswer:
    """A 277CA (`acknowledgement` true) or a 277."""

    acknowledgement: bool
    reference: str  # BHT03: of the 837 batch in a 277CA
    source_name: str
    source_id: str
    levels: tuple[LevelEntry, ...]
    claims: tuple[ClaimStatusEntry, ...]


@dataclass(slots=True)
class _Entry:
    """One TRN and what follows it."""

    level: str
    name: tuple[str, str, str]
    trace: str
    reports: list[StatusReport] = field(default_factory=list)
    payer_control: str = ""
    service: str = ""
    lines: list[tuple[str, StatusReport]] = field(default_factory=list)


def read_status(transaction: TransactionSet) -> StatusAnswer:
    """The 277CA or 277 in a set, by its version. SetRefused when an STC cannot be read."""
    transaction.require("277")
    component = transaction.interchange.separators.component
    reference = level = ""
    source = ("", "")
    name = ("", "", "")
    entries: list[_Entry] = []
    current: _Entry | None = None
    for segment in transaction.segments():
        tag = segment[0]
        if tag == "BHT":
            reference = element(segment, 3)
        elif tag == "HL":
            level, current, name = element(segment, 3), None, ("", "", "")
        elif tag == "NM1":
            name = (element(segment, 3), element(segment, 4), element(segment, 9))
            if element(segment, 1) == "PR":
                source = (name[0], name[2])
        elif tag == "TRN":
            current = _Entry(level, name, element(segment, 2))
            entries.append(current)
        elif current is None:
            continue
        elif tag == "STC":
            report = _report(transaction, segment, component)
            if current.service:
                current.lines.append((current.service, report))
            else:
                current.reports.append(report)
        elif tag == "SVC":
            current.service = element(segment, 1)
        elif tag == "REF":
            if element(segment, 1) == "1K" and not current.service:
                current.payer_control = element(segment, 2)
            elif element(segment, 1) == "FJ" and current.lines:
                current.lines[-1] = (element(segment, 2), current.lines[-1][1])
    of_patients = (Level.SUBSCRIBER, Level.DEPENDENT, Level.PATIENT)
    return StatusAnswer(
        acknowledgement=transaction.version == ACKNOWLEDGEMENT_VERSION,
        reference=reference,
        source_name=source[0],
        source_id=source[1],
        levels=tuple(
            LevelEntry(e.level, e.name[0], e.name[2], e.trace, tuple(e.reports))
            for e in entries
            if e.level not in of_patients and e.reports
        ),
        claims=tuple(
            ClaimStatusEntry(e.trace, *e.name, tuple(e.reports), e.payer_control, tuple(e.lines))
            for e in entries
            if e.level in of_patients
        ),
    )


def _report(transaction: TransactionSet, segment: list[str], component: str) -> StatusReport:
    statuses = []
    for at in (1, 10, 11):
        text = element(segment, at)
        if text:
            parts = [*text.split(component), "", ""]
            statuses.append(Status(parts[0], parts[1], parts[2], element(segment, 12) if at == 1 else ""))
    if not statuses:
        raise SetRefused("an STC says no status", transaction.place(1))
    try:
        charge = cents(segment[4]) if element(segment, 4) else None
        paid = cents(segment[5]) if element(segment, 5) else None
    except ValueError as error:
        raise SetRefused(str(error), transaction.place(4)) from None
    try:
        as_of = ccyymmdd(element(segment, 2))
    except ValueError:
        as_of = None
    return StatusReport(tuple(statuses), as_of, element(segment, 3), charge, paid)


@dataclass(frozen=True, slots=True)
class StatusInquiry:
    """One claim asked after with a 276. `trace` comes back in TRN02; amounts in cents; dates of service."""

    trace: str
    payer_name: str
    payer_id: str
    submitter_name: str
    submitter_id: str
    provider_name: str
    provider_npi: str
    subscriber_last: str
    subscriber_first: str
    member_id: str
    birth_date: date
    sex: str  # F, M or U
    patient: tuple[str, str, date, str] | None  # (last, first, birth date, sex) when it is not the subscriber
    claim_control: str
    payer_control: str
    charge_minor: int
    service_from: date
    service_to: date


def write_inquiry(writer: InterchangeWriter, inquiry: StatusInquiry, set_control: int) -> None:
    """Writes one 276 set about one claim into an open group of kind HR, version 005010X212."""
    q, at = inquiry, writer.written_at
    with writer.transaction("276", set_control):
        writer.segment("BHT", "0010", "13", identifier(q.trace, 1, 50, "the trace number"), d8(at.date()), f"{at:%H%M}")
        writer.segment("HL", "1", "", "20", "1")
        write_payer(writer, q.payer_name, q.payer_id)
        writer.segment("HL", "2", "1", "21", "1")
        writer.segment("NM1", "41", "2", plain_text(q.submitter_name, 60), "", "", "", "", "46", q.submitter_id)
        writer.segment("HL", "3", "2", "19", "1")
        write_provider(writer, q.provider_name, q.provider_npi)
        writer.segment("HL", "4", "3", "22", "1" if q.patient else "0")
        if q.patient is None:
            writer.segment("DMG", "D8", d8(q.birth_date), q.sex)
        name = (plain_text(q.subscriber_last, 60), plain_text(q.subscriber_first, 35))
        writer.segment("NM1", "IL", "1", *name, "", "", "", "MI", identifier(q.member_id, 2, 80, "the member id"))
        if q.patient is not None:
            last, first, birth, sex = q.patient
            writer.segment("HL", "5", "4", "23")
            writer.segment("DMG", "D8", d8(birth), sex)
            writer.segment("NM1", "QC", "1", plain_text(last, 60), plain_text(first, 35))
        writer.segment("TRN", "1", q.trace)
        if q.payer_control:
            writer.segment("REF", "1K", q.payer_control)
        writer.segment("REF", "EJ", q.claim_control)
        writer.segment("AMT", "T3", amount(q.charge_minor))
        if q.service_from == q.service_to:
            writer.segment("DTP", "472", "D8", d8(q.service_from))
        else:
            writer.segment("DTP", "472", "RD8", f"{d8(q.service_from)}-{d8(q.service_to)}")
