"""Claims as the payers see them, read from 837 Professional transaction sets (005010X222A1)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from infra.simulators.clearinghouse.members import person
from infra.simulators.x12 import AmountError, Segment, TransactionSet, minor_units


@dataclass(frozen=True)
class Adjustment:
    """One adjustment: group (CO, PR, OA, PI), reason (CARC), cents taken off the charge."""

    group: str
    reason: str
    amount: int


@dataclass(frozen=True)
class EarlierResult:
    """What one earlier payer decided for a line (2430) or, without lines, for the claim (2320)."""

    payer: str
    paid: int
    adjustments: tuple[Adjustment, ...] = ()

    @property
    def patient_share(self) -> int:
        """Cents left to the patient by that payer."""
        return sum(adjustment.amount for adjustment in self.adjustments if adjustment.group == "PR")


@dataclass(frozen=True)
class Line:
    """A service line (2400). Dates are CCYYMMDD."""

    number: int
    code: str
    modifiers: tuple[str, ...]
    charge: int
    units: str
    pointers: tuple[str, ...]
    date: str
    reference: str
    earlier: tuple[EarlierResult, ...] = ()

    @property
    def quantity(self) -> Decimal:
        """Units as a number, at least one."""
        try:
            return max(Decimal(self.units), Decimal(1))
        except InvalidOperation:
            return Decimal(1)


@dataclass(frozen=True)
class OtherPayer:
    """Another payer of the same patient (2320, 2330): an earlier one when it has paid or adjusted, else a later one."""

    sequence: str
    payer: str
    name: str
    member: str
    paid: int | None
    patient_share: int | None
    adjustments: tuple[Adjustment, ...]
    control_number: str


@dataclass(frozen=True)
class Claim:
    """One claim (2300) with what stands above it in the hierarchy."""

    number: str
    charge: int
    place: str
    frequency: str
    sequence: str
    payer: str
    payer_name: str
    member: str
    subscriber: tuple[str, str]  # last, first
    patient: tuple[str, str]
    patient_is_subscriber: bool
    birth_date: str
    billing_npi: str
    billing_name: str
    billing_tax_id: str
    billing_address: tuple[str, ...]  # N301, N302, city, state, zip
    rendering_npi: str
    rendering_name: tuple[str, str]
    diagnoses: tuple[str, ...]
    original_reference: str
    authorization: str
    batch: str  # BHT03 of the transaction
    lines: tuple[Line, ...]
    others: tuple[OtherPayer, ...] = ()
    faults: tuple[str, ...] = field(default=())  # amounts that could not be read

    @property
    def first_date(self) -> str:
        """The earliest day of service."""
        return min((line.date for line in self.lines), default="")

    @property
    def last_date(self) -> str:
        """The latest day of service."""
        return max((line.date for line in self.lines), default="")

    @property
    def person(self) -> str:
        """Who the patient is, whatever the plan."""
        return person(*self.patient, self.birth_date)

    def to_json(self) -> str:
        """The claim as text for the database."""
        return json.dumps(asdict(self), separators=(",", ":"))


def from_json(text: str) -> Claim:
    """The claim kept by `to_json`."""
    raw = json.loads(text)
    lines = tuple(_line(item) for item in raw.pop("lines"))
    others = tuple(
        OtherPayer(**{**item, "adjustments": tuple(Adjustment(**entry) for entry in item["adjustments"])})
        for item in raw.pop("others")
    )
    fixed: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()}
    return Claim(**fixed, lines=lines, others=others)


def _line(item: dict[str, Any]) -> Line:
    earlier = tuple(
        EarlierResult(result["payer"], result["paid"], tuple(Adjustment(**entry) for entry in result["adjustments"]))
        for result in item["earlier"]
    )
    tuples = {"modifiers": tuple(item["modifiers"]), "pointers": tuple(item["pointers"]), "earlier": earlier}
    return Line(**{**item, **tuples})


class _Builder:
    """Collects what a claim needs while its segments go by."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.others: list[dict[str, Any]] = []
        self.fields: dict[str, Any] = {"rendering_npi": "", "rendering_name": ("", "")}
        self.faults: list[str] = []
        self.place_in_claim = "2300"

    def cents(self, text: str, where: str) -> int:
        """An amount, or zero and a fault."""
        try:
            return minor_units(text)
        except AmountError:
            self.faults.append(where)
            return 0

    def adjustments(self, cas: Segment) -> list[Adjustment]:
        """The up to six triples of a CAS segment."""
        return [
            Adjustment(cas[1], cas[start], self.cents(cas[start + 1], "CAS")) for start in range(2, 20, 3) if cas[start]
        ]


def read_claims(transaction: TransactionSet) -> list[Claim]:
    """Every claim of an 837P set whose structure was accepted."""
    return list(_walk(transaction.body))


def _walk(segments: list[Segment]) -> Iterator[Claim]:
    above: dict[str, Any] = {}
    level, loop = "", ""
    builder: _Builder | None = None
    for segment in segments:
        if builder is not None and segment.id in ("HL", "CLM"):
            yield _finish(builder, above)
            builder = None
        if segment.id == "BHT":
            above["batch"] = segment[3]
        elif segment.id == "HL":
            level, loop = segment[3], ""
            _enter_level(above, level)
        elif segment.id == "CLM":
            builder = _Builder()
            _claim_segment(builder, segment)
        elif builder is not None:
            _inside_claim(builder, segment)
        else:
            loop = segment[1] if segment.id == "NM1" else loop
            _above_claim(above, level, loop, segment)
    if builder is not None:
        yield _finish(builder, above)


def _enter_level(above: dict[str, Any], level: str) -> None:
    if level == "20":
        above.update(billing_npi="", billing_name="", billing_tax_id="", billing_address=("", "", "", "", ""))
    elif level == "22":
        above.update(sequence="P", member="", subscriber=("", ""), payer="", payer_name="", birth_date="")
        above.update(patient=None)


def _above_claim(above: dict[str, Any], level: str, loop: str, segment: Segment) -> None:
    match segment.id, loop:
        case "NM1", "85":
            above.update(billing_name=segment[3], billing_npi=segment[9])
        case "N3", "85":
            above["billing_address"] = (segment[1], segment[2], *above["billing_address"][2:])
        case "N4", "85":
            above["billing_address"] = (*above["billing_address"][:2], segment[1], segment[2], segment[3])
        case "REF", "85" if segment[1] in ("EI", "SY"):
            above["billing_tax_id"] = segment[2]
        case "SBR", _:
            above["sequence"] = segment[1]
        case "NM1", "IL":
            above.update(member=segment[9], subscriber=(segment[3], segment[4]))
        case "NM1", "PR":
            above.update(payer=segment[9], payer_name=segment[3])
        case "NM1", "QC":
            above["patient"] = (segment[3], segment[4])
        case "DMG", _ if level in ("22", "23"):
            above["birth_date"] = segment[2]


def _claim_segment(builder: _Builder, clm: Segment) -> None:
    builder.fields.update(
        number=clm[1],
        charge=builder.cents(clm[2], "CLM02"),
        place=clm.part(5, 1),
        frequency=clm.part(5, 3) or "1",
        original_reference="",
        authorization="",
        diagnoses=(),
    )


def _inside_claim(builder: _Builder, segment: Segment) -> None:
    match segment.id:
        case "SBR":
            builder.place_in_claim = "2320"
            builder.others.append(
                {"sequence": segment[1], "payer": "", "name": "", "member": "", "paid": None}
                | {"patient_share": None, "adjustments": [], "control_number": ""}
            )
        case "LX":
            builder.place_in_claim = "2400"
            number = int(segment[1]) if segment[1].isdigit() else len(builder.lines) + 1
            builder.lines.append({"number": number, "reference": "", "date": "", "earlier": []})
        case "HI" if segment.part(1, 1) in ("ABK", "BK"):
            codes = (segment.part(position, 2) for position in range(1, len(segment.elements) + 1))
            builder.fields["diagnoses"] = tuple(code for code in codes if code)
        case _ if builder.place_in_claim == "2300":
            _claim_detail(builder, segment)
        case _ if builder.place_in_claim == "2320":
            _other_payer_detail(builder, segment)
        case _:
            _line_detail(builder, segment)


def _claim_detail(builder: _Builder, segment: Segment) -> None:
    match segment.id, segment[1]:
        case "REF", "F8":
            builder.fields["original_reference"] = segment[2]
        case "REF", "G1":
            builder.fields["authorization"] = segment[2]
        case "NM1", "82":
            builder.fields.update(rendering_npi=segment[9], rendering_name=(segment[3], segment[4]))


def _other_payer_detail(builder: _Builder, segment: Segment) -> None:
    other = builder.others[-1]
    match segment.id, segment[1]:
        case "CAS", _:
            other["adjustments"] += builder.adjustments(segment)
        case "AMT", "D":
            other["paid"] = builder.cents(segment[2], "AMT*D")
        case "AMT", "EAF":
            other["patient_share"] = builder.cents(segment[2], "AMT*EAF")
        case "NM1", "IL":
            other["member"] = segment[9]
        case "NM1", "PR":
            other.update(payer=segment[9], name=segment[3])
        case "REF", "F8":
            other["control_number"] = segment[2]


def _line_detail(builder: _Builder, segment: Segment) -> None:
    line = builder.lines[-1]
    match segment.id, segment[1]:
        case "SV1", _:
            procedure = segment.parts(1)
            line.update(
                code=procedure[1] if len(procedure) > 1 else "",
                modifiers=tuple(modifier for modifier in procedure[2:6] if modifier),
                charge=builder.cents(segment[2], "SV102"),
                units=segment[4] or "1",
                pointers=tuple(pointer for pointer in segment.parts(7) if pointer),
            )
        case "DTP", "472":
            line["date"] = segment[3][:8]
        case "REF", "6R":
            line["reference"] = segment[2]
        case "SVD", _:
            line["earlier"].append({"payer": segment[1], "paid": builder.cents(segment[2], "SVD02"), "adjustments": []})
        case "CAS", _ if line["earlier"]:
            line["earlier"][-1]["adjustments"] += builder.adjustments(segment)


def _finish(builder: _Builder, above: dict[str, Any]) -> Claim:
    lines = tuple(
        Line(
            **{key: value for key, value in line.items() if key != "earlier"},
            earlier=tuple(
                EarlierResult(result["payer"], result["paid"], tuple(result["adjustments"]))
                for result in line["earlier"]
            ),
        )
        for line in builder.lines
        if "code" in line
    )
    others = tuple(OtherPayer(**{**other, "adjustments": tuple(other["adjustments"])}) for other in builder.others)
    patient = above.get("patient")
    hierarchy = {key: value for key, value in above.items() if key != "patient"}
    return Claim(
        **hierarchy,
        **builder.fields,
        patient=patient or above["subscriber"],
        patient_is_subscriber=patient is None,
        lines=lines,
        others=others,
        faults=tuple(builder.faults),
    )
