"""Eligibility: a 271 (005010X279A1) for a 270, from the member's benefits and what claims have used of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from infra.simulators.clearinghouse.config import Payer
from infra.simulators.clearinghouse.members import Benefits, OtherCoverage, person
from infra.simulators.clearinghouse.office import Office
from infra.simulators.kit.chance import fraction
from infra.simulators.x12 import Composer, Segment, TransactionSet, amount

HEALTH_PLAN_COVERAGE = "30"
OFFICE_VISIT = "98"
CALENDAR_YEAR, VISIT, REMAINING = "23", "27", "29"
NOT_KNOWN, BIRTH_DATE_DIFFERS, NAME_DIFFERS, PAYER_UNKNOWN, TRY_LATER = "75", "71", "73", "79", "42"


@dataclass
class _Level:
    """One HL of the inquiry with the segments below it."""

    number: str
    parent: str
    code: str
    segments: list[Segment] = field(default_factory=list)

    def find(self, identifier: str, code: str = "") -> Segment | None:
        """The first segment of a kind, told by its first element."""
        return next((each for each in self.segments if each.id == identifier and code in ("", each[1])), None)


def answer_eligibility(office: Office, composer: Composer, inquiry: TransactionSet, now: datetime) -> list[str]:
    """The body of the 271: every level of the 270 comes back, subjects with benefits or with AAA."""
    bht = inquiry.body[0]
    body = [composer.segment("BHT", "0022", "11", bht[3], now.strftime("%Y%m%d"), now.strftime("%H%M%S"))]
    levels = _levels(inquiry)
    parents = {level.parent for level in levels}
    asked_payer: Payer | None = None
    member = ""
    for level in levels:
        body.append(composer.segment("HL", level.number, level.parent, level.code, str(int(level.number in parents))))
        if level.code == "20":
            name = level.find("NM1")
            asked_payer = office.config.payers.get(name[9]) if name else None
            body += _source(composer, name, asked_payer)
        elif level.code == "21":
            body += [_again(composer, segment) for segment in level.segments if segment.id == "NM1"]
        else:
            name = level.find("NM1", "IL")
            member = name[9] if name else member
            body += _subject(office, composer, asked_payer, member, level, now, has_dependant=level.number in parents)
    return body


def _levels(inquiry: TransactionSet) -> list[_Level]:
    levels: list[_Level] = []
    for segment in inquiry.body[1:]:
        if segment.id == "HL":
            levels.append(_Level(segment[1], segment[2], segment[3]))
        elif levels:
            levels[-1].segments.append(segment)
    return levels


def _again(composer: Composer, segment: Segment) -> str:
    """A segment of the inquiry, in our separators."""
    return composer.segment(segment.id, *segment.elements)


def _source(composer: Composer, name: Segment | None, payer: Payer | None) -> Iterator[str]:
    identity = payer.id if payer else name[9] if name else "UNKNOWN"
    yield composer.segment("NM1", "PR", "2", payer.name if payer else "UNKNOWN PAYER", "", "", "", "", "PI", identity)
    if payer is None:
        yield composer.segment("AAA", "Y", "", PAYER_UNKNOWN, "C")


def _subject(
    office: Office,
    composer: Composer,
    payer: Payer | None,
    member: str,
    level: _Level,
    now: datetime,
    has_dependant: bool,
) -> Iterator[str]:
    trace = level.find("TRN")
    if trace:
        yield composer.segment("TRN", "2", trace[2], trace[3], trace[4])
    name = level.find("NM1")
    if name is None:
        return
    if payer is None:
        yield _again(composer, name)
        return
    who = _person(level)
    if who:
        office.store.remember_plan(who, payer.id, member)
    benefits = office.benefits(payer, member, who)
    refusal = _refusal(office, payer, benefits, member, level, now)
    if level.code == "22" and benefits.last_name and not refusal:
        yield composer.segment("NM1", "IL", "1", benefits.last_name, benefits.first_name, "", "", "", "MI", member)
    else:
        yield _again(composer, name)
    if refusal:
        yield composer.segment(
            "AAA", "N" if refusal != TRY_LATER else "Y", "", refusal, "R" if refusal == TRY_LATER else "C"
        )
        return
    demographics = level.find("DMG")
    if demographics:
        yield _again(composer, demographics)
    if level.code == "23":
        yield composer.segment("INS", "N", "19")
    if has_dependant:
        return  # the benefits are told at the dependant's level
    service = _day_of_service(level, now)
    yield composer.segment("DTP", "346", "D8", f"{service[:4]}0101")
    yield from _benefits(office, composer, payer, member, benefits, level, service)


def _person(level: _Level) -> str:
    name, demographics = level.find("NM1"), level.find("DMG")
    return person(name[3], name[4], demographics[2]) if name and demographics else ""


def _day_of_service(level: _Level, now: datetime) -> str:
    date = level.find("DTP", "291")
    return date[3][:8] if date else now.strftime("%Y%m%d")


def _refusal(office: Office, payer: Payer, benefits: Benefits, member: str, level: _Level, now: datetime) -> str:
    day = now.date().isoformat()
    if fraction(office.seed, "unavailable", payer.id, member, day) < payer.realtime_unavailable_fraction:
        return TRY_LATER
    if not benefits.known:
        return NOT_KNOWN
    name, demographics = level.find("NM1", "IL"), level.find("DMG")
    if name and benefits.last_name and name[3] and name[3].upper() != benefits.last_name.upper():
        return NAME_DIFFERS
    if level.code == "22" and demographics and benefits.birth_date and demographics[2] != benefits.birth_date:
        return BIRTH_DATE_DIFFERS
    return ""


def _benefits(
    office: Office, composer: Composer, payer: Payer, member: str, benefits: Benefits, level: _Level, service: str
) -> Iterator[str]:
    segment = composer.segment
    asked = [inquiry[1] for inquiry in level.segments if inquiry.id == "EQ" and inquiry[1]] or [HEALTH_PLAN_COVERAGE]
    services = list(dict.fromkeys([*asked, HEALTH_PLAN_COVERAGE, OFFICE_VISIT]))
    kind = {"medicare": "MB", "medicaid": "MC"}.get(payer.kind, "C1")
    if not benefits.active:
        yield segment("EB", "6", "IND", services, kind, benefits.plan)
        return
    used, shared = office.store.used(payer.id, member, service[:4])
    yield segment("EB", "1", "IND", services, kind, benefits.plan)
    if benefits.deductible:
        left = max(0, benefits.deductible - benefits.deductible_met - used)
        yield _money(composer, "C", HEALTH_PLAN_COVERAGE, kind, CALENDAR_YEAR, benefits.deductible)
        yield _money(composer, "C", HEALTH_PLAN_COVERAGE, kind, REMAINING, left)
    if benefits.copay:
        yield _money(composer, "B", OFFICE_VISIT, kind, VISIT, benefits.copay)
    percent = f"{benefits.coinsurance:.4f}".rstrip("0").rstrip(".").lstrip("0") or "0"
    yield segment("EB", "A", "IND", OFFICE_VISIT, kind, "", "", "", percent, "", "", "", "Y")
    if benefits.out_of_pocket:
        left = max(0, benefits.out_of_pocket - benefits.out_of_pocket_met - shared)
        yield _money(composer, "G", HEALTH_PLAN_COVERAGE, kind, CALENDAR_YEAR, benefits.out_of_pocket)
        yield _money(composer, "G", HEALTH_PLAN_COVERAGE, kind, REMAINING, left)
    if payer.needs_authorization:
        yield segment(
            "EB", "1", "IND", "", kind, "", "", "", "", "", "", "Y", "Y", ("HC", payer.needs_authorization[0])
        )
    if benefits.other:
        yield from _other_payer(office, composer, benefits.other)


def _money(composer: Composer, benefit: str, service: str, kind: str, period: str, cents: int) -> str:
    return composer.segment("EB", benefit, "IND", service, kind, "", period, amount(cents), "", "", "", "", "Y")


def _other_payer(office: Office, composer: Composer, other: OtherCoverage) -> Iterator[str]:
    """EB*R: the member has another plan, named in loop 2120."""
    known = office.config.payers.get(other.payer)
    yield composer.segment("EB", "R", "IND", HEALTH_PLAN_COVERAGE)
    yield composer.segment("REF", "1W", other.member)
    yield composer.segment("LS", "2120")
    yield composer.segment("NM1", "SEP", "2", known.name if known else other.payer, "", "", "", "", "PI", other.payer)
    yield composer.segment("LE", "2120")
