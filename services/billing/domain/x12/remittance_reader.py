"""Reader of 835 sets.

`RemittanceReader` streams: header, then claim by claim, then what the provider level (PLB) says; a set of any size is
read in constant memory. `read_remittance` collects it all for sets of ordinary size. Reading judges form only;
`remittance_proof` judges the money.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from billing.domain.x12.elements import ccyymmdd, cents, element, quantity
from billing.domain.x12.errors import SetRefused
from billing.domain.x12.reader import TransactionSet
from billing.domain.x12.remittance import (
    Adjustment,
    Procedure,
    ProviderAdjustment,
    Remittance,
    RemittanceClaim,
    RemittanceHeader,
    RemittanceLine,
)

ONE = Decimal(1)  # SVC05 absent means one unit


@dataclass(slots=True)
class _Line:
    """A line while its segments arrive."""

    segment: int
    procedure: Procedure
    charge_minor: int
    paid_minor: int
    units: Decimal
    billed: Procedure | None
    billed_units: Decimal | None
    service_from: date | None = None
    service_to: date | None = None
    adjustments: list[Adjustment] = field(default_factory=list)
    line_control: str = ""
    allowed_minor: int | None = None
    remarks: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Claim:
    """A claim while its segments arrive."""

    clp: list[str]
    segment: int
    charge_minor: int
    paid_minor: int
    patient_minor: int
    patient: tuple[str, str, str] = ("", "", "")
    insured_id: str = ""
    corrected_id: str = ""
    forwarded_to: tuple[str, str] | None = None
    rendering_id: str = ""
    service_from: date | None = None
    service_to: date | None = None
    received_on: date | None = None
    adjustments: list[Adjustment] = field(default_factory=list)
    lines: list[RemittanceLine] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    interest_minor: int = 0
    covered_minor: int | None = None


class RemittanceReader:
    """Streams one 835 set. Use once, in order: `header`, `claims()`, then `provider_adjustments` and `content_hash`.

    SetRefused: a money or identity element cannot be read, with its place. Dates that cannot be read are oddities.
    """

    def __init__(self, transaction: TransactionSet) -> None:
        transaction.require("835")
        self._set = transaction
        self._segments = transaction.segments()
        self._component = transaction.interchange.separators.component
        self._next: list[str] | None = None
        self.oddities: list[str] = []
        self.provider_adjustments: list[ProviderAdjustment] = []
        self.header = self._read_header()

    @property
    def content_hash(self) -> str:
        """SHA-256 of the set's content, complete once `claims()` is exhausted."""
        return self._set.content_hash

    def claims(self) -> Iterator[RemittanceClaim]:
        """The claims one by one; at the end the provider level has been read too."""
        claim: _Claim | None = None
        line: _Line | None = None
        segment = self._next
        while segment is not None:
            tag = segment[0]
            if tag == "CLP":
                if claim is not None:
                    yield self._finish(claim, line)
                claim, line = self._start_claim(segment), None
            elif tag == "PLB":
                self._provider_adjustment(segment)
            elif claim is None:
                if tag not in ("LX", "TS3", "TS2"):
                    raise SetRefused(f"segment {tag[:3]!r} stands before the first claim", self._set.place())
            elif tag == "SVC":
                if line is not None:
                    claim.lines.append(self._finish_line(line))
                line = self._start_line(segment)
            elif tag == "CAS":
                (line or claim).adjustments.extend(self._adjustments(segment))
            elif line is not None:
                self._line_detail(line, segment, tag)
            else:
                self._claim_detail(claim, segment, tag)
            segment = next(self._segments, None)
        if claim is not None:
            yield self._finish(claim, line)

    # -- header ---------------------------------------------------------------------------------------------------

    def _read_header(self) -> RemittanceHeader:
        bpr: list[str] = []
        trn: list[str] = []
        payer_name = payee_name = payee_id = receiver_id = ""
        payer_ids: list[str] = []
        produced_on = None
        party = ""
        for segment in self._segments:
            tag = segment[0]
            if tag in ("LX", "CLP", "PLB", "SVC", "CAS"):
                self._next = segment
                break
            if tag == "BPR":
                bpr = segment
                payment_minor = self._money(segment, 2)
            elif tag == "TRN":
                trn = segment
            elif tag == "N1":
                party = element(segment, 1)
                if party == "PR":
                    payer_name = element(segment, 2)
                    payer_ids.extend(filter(None, (element(segment, 4),)))
                elif party == "PE":
                    payee_name, payee_id = element(segment, 2), element(segment, 4)
            elif tag == "REF":
                kind = element(segment, 1)
                if party == "PR" and kind in ("2U", "EO", "HI", "NF"):
                    payer_ids.append(element(segment, 2))
                elif kind == "EV":
                    receiver_id = element(segment, 2)
            elif tag == "DTM" and element(segment, 1) == "405":
                produced_on = self._date(segment, 2, "DTM*405")
        if not bpr:
            raise SetRefused("the set has no BPR segment", self._set.place())
        if not trn or not element(trn, 2):
            raise SetRefused("the set has no trace number (TRN02)", self._set.place())
        paid_on_text = element(bpr, 16)
        try:
            paid_on = ccyymmdd(paid_on_text) if paid_on_text else None
        except ValueError:
            paid_on = None
            self.oddities.append("BPR16 is not a date; the payment is dated by DTM*405")
        if paid_on_text == "":
            self.oddities.append("BPR16 is missing; the payment is dated by DTM*405")
        return RemittanceHeader(
            handling=element(bpr, 1),
            payment_minor=payment_minor,
            credit=element(bpr, 3) != "D",
            method=element(bpr, 4),
            paid_on=paid_on or produced_on,
            paid_on_text=paid_on_text,
            trace=element(trn, 2),
            originator=element(trn, 3),
            payer_name=payer_name,
            payer_ids=tuple(payer_ids),
            payee_name=payee_name,
            payee_id=payee_id,
            produced_on=produced_on,
            control=self._set.control,
            receiver_id=receiver_id or self._set.interchange.receiver[1],
            oddities=tuple(self.oddities),
        )

    # -- claim level ----------------------------------------------------------------------------------------------

    def _start_claim(self, clp: list[str]) -> _Claim:
        return _Claim(clp, self._set.segment_index, self._money(clp, 3), self._money(clp, 4), self._money(clp, 5))

    def _claim_detail(self, claim: _Claim, segment: list[str], tag: str) -> None:
        if tag == "NM1":
            self._claim_name(claim, segment)
        elif tag == "DTM":
            kind = element(segment, 1)
            if kind == "232":
                claim.service_from = self._date(segment, 2, "DTM*232")
            elif kind == "233":
                claim.service_to = self._date(segment, 2, "DTM*233")
            elif kind == "050":
                claim.received_on = self._date(segment, 2, "DTM*050")
        elif tag == "AMT":
            kind = element(segment, 1)
            if kind == "I":
                claim.interest_minor = self._money(segment, 2)
            elif kind == "AU":
                claim.covered_minor = self._money(segment, 2)
        elif tag == "MOA":
            claim.remarks.extend(code for code in segment[3:8] if code)
        elif tag == "MIA":
            claim.remarks.extend(code for code in (element(segment, 5), *segment[20:24]) if code)

    def _claim_name(self, claim: _Claim, segment: list[str]) -> None:
        who = element(segment, 1)
        if who == "QC":
            claim.patient = (element(segment, 3), element(segment, 4), element(segment, 9))
        elif who == "IL":
            claim.insured_id = element(segment, 9)
        elif who == "74":
            claim.corrected_id = element(segment, 9)
        elif who == "82":
            claim.rendering_id = element(segment, 9)
        elif who == "TT":
            claim.forwarded_to = (element(segment, 3), element(segment, 9))

    def _finish(self, claim: _Claim, line: _Line | None) -> RemittanceClaim:
        if line is not None:
            claim.lines.append(self._finish_line(line))
        clp = claim.clp
        return RemittanceClaim(
            claim_control=element(clp, 1),
            status=element(clp, 2),
            charge_minor=claim.charge_minor,
            paid_minor=claim.paid_minor,
            patient_minor=claim.patient_minor,
            filing_indicator=element(clp, 6),
            payer_control=element(clp, 7),
            facility=element(clp, 8),
            frequency=element(clp, 9),
            patient_last=claim.patient[0],
            patient_first=claim.patient[1],
            patient_id=claim.patient[2] or claim.insured_id,
            corrected_id=claim.corrected_id,
            forwarded_to=claim.forwarded_to,
            rendering_id=claim.rendering_id,
            service_from=claim.service_from,
            service_to=claim.service_to or claim.service_from,
            received_on=claim.received_on,
            adjustments=tuple(claim.adjustments),
            lines=tuple(claim.lines),
            remarks=tuple(claim.remarks),
            interest_minor=claim.interest_minor,
            covered_minor=claim.covered_minor,
            segment=claim.segment,
        )

    # -- line level -----------------------------------------------------------------------------------------------

    def _line_detail(self, line: _Line, segment: list[str], tag: str) -> None:
        if tag == "DTM":
            kind = element(segment, 1)
            if kind == "472":
                line.service_from = line.service_to = self._date(segment, 2, "DTM*472")
            elif kind == "150":
                line.service_from = self._date(segment, 2, "DTM*150")
            elif kind == "151":
                line.service_to = self._date(segment, 2, "DTM*151")
        elif tag == "REF":
            if element(segment, 1) == "6R":
                line.line_control = element(segment, 2)
        elif tag == "AMT":
            if element(segment, 1) == "B6":
                line.allowed_minor = self._money(segment, 2)
        elif tag == "LQ" and element(segment, 1) == "HE":
            line.remarks.append(element(segment, 2))

    def _start_line(self, svc: list[str]) -> _Line:
        return _Line(
            segment=self._set.segment_index,
            procedure=self._procedure(element(svc, 1)),
            charge_minor=self._money(svc, 2),
            paid_minor=self._money(svc, 3),
            units=self._quantity(svc, 5) or ONE,
            billed=self._procedure(svc[6]) if element(svc, 6) else None,
            billed_units=self._quantity(svc, 7),
        )

    def _finish_line(self, line: _Line) -> RemittanceLine:
        return RemittanceLine(
            procedure=line.procedure,
            charge_minor=line.charge_minor,
            paid_minor=line.paid_minor,
            units=line.units,
            billed=line.billed,
            billed_units=line.billed_units,
            service_from=line.service_from,
            service_to=line.service_to or line.service_from,
            adjustments=tuple(line.adjustments),
            line_control=line.line_control,
            allowed_minor=line.allowed_minor,
            remarks=tuple(line.remarks),
            segment=line.segment,
        )

    def _procedure(self, text: str) -> Procedure:
        parts = text.split(self._component)
        if len(parts) == 1:
            self._odd("an SVC names a procedure without its qualifier and code apart")
            return Procedure("", parts[0], ())
        return Procedure(parts[0], parts[1], tuple(modifier for modifier in parts[2:6] if modifier))

    # -- adjustments ----------------------------------------------------------------------------------------------

    def _adjustments(self, segment: list[str]) -> list[Adjustment]:
        """A CAS: the group, then up to six triples of reason, amount, quantity."""
        found = []
        group = element(segment, 1)
        for at in range(2, min(len(segment), 20), 3):
            reason = segment[at]
            text = element(segment, at + 1)
            if not reason and not text:
                continue
            if not reason or not group:
                raise SetRefused("an adjustment has an amount and no reason or group", self._set.place(at))
            found.append(Adjustment(group, reason, self._money(segment, at + 1), self._quantity(segment, at + 2)))
        return found

    def _provider_adjustment(self, segment: list[str]) -> None:
        year_end = self._date(segment, 2, "PLB02")
        for at in range(3, min(len(segment), 15), 2):
            if not segment[at] and not element(segment, at + 1):
                continue
            code, _, reference = segment[at].partition(self._component)
            if not code:
                raise SetRefused("a provider adjustment has an amount and no reason", self._set.place(at))
            self.provider_adjustments.append(
                ProviderAdjustment(
                    element(segment, 1),
                    year_end,
                    code,
                    reference,
                    self._money(segment, at + 1),
                    self._set.segment_index,
                )
            )

    # -- elements -------------------------------------------------------------------------------------------------

    def _money(self, segment: list[str], position: int) -> int:
        try:
            return cents(element(segment, position))
        except ValueError as error:
            raise SetRefused(str(error), self._set.place(position)) from None

    def _quantity(self, segment: list[str], position: int) -> Decimal | None:
        text = element(segment, position)
        if not text:
            return None
        try:
            return quantity(text)
        except ValueError as error:
            raise SetRefused(str(error), self._set.place(position)) from None

    def _date(self, segment: list[str], position: int, name: str) -> date | None:
        try:
            return ccyymmdd(element(segment, position))
        except ValueError:
            self._odd(f"{name} is not a date")
            return None

    def _odd(self, note: str) -> None:
        if note not in self.oddities:
            self.oddities.append(note)


def read_remittance(transaction: TransactionSet) -> Remittance:
    """A whole set in memory. SetRefused as `RemittanceReader` says, and when SE01 or SE02 disagree."""
    reader = RemittanceReader(transaction)
    claims = tuple(reader.claims())
    return Remittance(reader.header, claims, tuple(reader.provider_adjustments), reader.content_hash)
