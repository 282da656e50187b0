"""The edits that a claim passes before it may go out (the table EDITS at the foot)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from billing.domain import scrub_front
from billing.domain.coding_edits import Adjudication, exclusions, too_many
from billing.domain.npi import is_npi
from billing.domain.scrub import Around, Edit, Severity
from billing.domain.x12.professional_claim import Frequency, ProfessionalClaim, ServiceLine
from billing.domain.x12.professional_claim_writer import unbalanced

_Found = Iterator[tuple[str, str]]  # (field, message)

MODIFIER = re.compile(r"[A-Z0-9]{2}").fullmatch
PROCEDURE = re.compile(r"[0-9]{4}[0-9A-Z]|[A-V][0-9]{4}").fullmatch
TAXONOMY = re.compile(r"[0-9]{3}[A-Z0-9]{6}X").fullmatch
# Medicare beneficiary identifier, 11 places (CMS, "Understanding the MBI", 2018): S, L, O, I, B, Z are never used.
MEDICARE_ID = re.compile(
    r"[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9]"
    r"[AC-HJKMNP-RT-Y]{2}[0-9]{2}"
).fullmatch
# CMS place of service code set, as of 2025.
PLACES = frozenset(
    [f"{place:02d}" for place in (*range(1, 28), *range(31, 35), 41, 42, 49, 50, *range(51, 59), 60, 61, 62)]
    + ["65", "66", "71", "72", "81", "99"]
)
AUDIO_AND_VIDEO = frozenset({"95", "93", "GT", "GQ", "FQ"})
# Say that the same service on the same day is meant to be there twice.
REPEATS = frozenset({"59", "76", "77", "91", "XE", "XS", "XP", "XU", "LT", "RT", "50"})
EXTERNAL_CAUSES = frozenset("VWXY")


def _npis(claim: ProfessionalClaim, around: Around) -> _Found:
    who = {"billing_provider.npi": claim.billing_provider.npi}
    if claim.rendering is not None:
        who["rendering.npi"] = claim.rendering.npi
    if claim.referring is not None:
        who["referring.npi"] = claim.referring.npi
    if claim.service_location is not None and claim.service_location.npi:
        who["service_location.npi"] = claim.service_location.npi
    for name, npi in who.items():
        if not is_npi(npi):
            yield name, f"{npi or 'nothing'} is not an NPI"


def _tax_id(claim: ProfessionalClaim, around: Around) -> _Found:
    if not re.fullmatch(r"[0-9]{9}", claim.billing_provider.tax_id):
        yield "billing_provider.tax_id", "the tax id does not have nine digits"


def _taxonomies(claim: ProfessionalClaim, around: Around) -> _Found:
    if not TAXONOMY(claim.billing_provider.taxonomy):
        yield "billing_provider.taxonomy", "the billing provider has no taxonomy code"
    if claim.rendering is not None and not TAXONOMY(claim.rendering.taxonomy):
        yield "rendering.taxonomy", "the rendering provider has no taxonomy code"


def _billing_address(claim: ProfessionalClaim, around: Around) -> _Found:
    address = claim.billing_provider.address
    if not address.line1 or not address.city or len(address.state) != 2:
        yield "billing_provider.address", "the billing provider's address is incomplete"
    if not re.fullmatch(r"[0-9]{9}", address.postal_code):
        yield "billing_provider.address.postal_code", "the billing provider's ZIP code does not have nine digits"
    if address.line1.upper().replace(".", "").startswith(("PO BOX", "P O BOX")):
        yield "billing_provider.address", "the billing provider's address is a post-office box"


def _member_id(claim: ProfessionalClaim, around: Around) -> _Found:
    member = claim.insured.member_id
    if not 2 <= len(member) <= 80:
        yield "insured.member_id", "the subscriber has no member id"


def _medicare_id(claim: ProfessionalClaim, around: Around) -> _Found:
    member = claim.insured.member_id
    if claim.payer.filing_indicator == "MB" and not MEDICARE_ID(member.upper().replace("-", "")):
        yield "insured.member_id", "the member id is not a Medicare beneficiary identifier"


def _people(claim: ProfessionalClaim, around: Around) -> _Found:
    insured = claim.insured
    if not insured.last or not insured.first:
        yield "insured.name", "the subscriber's name is incomplete"
    person = claim.patient or insured
    where = "patient" if claim.patient else "insured"
    if person.birth_date is None:
        yield f"{where}.birth_date", "the birth date is missing"
    if person.address is None or not person.address.line1 or not person.address.city or not person.address.postal_code:
        yield f"{where}.address", "the address is incomplete"
    if person.sex not in ("F", "M", "U"):
        yield f"{where}.sex", "the sex as the payer records it is missing"
    if claim.patient and (not claim.patient.last or not claim.patient.first or not claim.patient.relationship):
        yield "patient.name", "the patient's name or relationship to the subscriber is missing"


def _dates(claim: ProfessionalClaim, around: Around) -> _Found:
    born = (claim.patient or claim.insured).birth_date
    for line in claim.lines:
        name = _line_field(line, "service_date")
        if line.service_from > around.today or line.service_to > around.today:
            yield name, "the service lies in the future"
        if line.service_to < line.service_from:
            yield name, "the service ends before it begins"
        if born is not None and line.service_from < born:
            yield name, "the service lies before the patient's birth"
        if around.died_on is not None and line.service_from > around.died_on:
            yield name, "the service lies after the patient's death"
    first = min(line.service_from for line in claim.lines) if claim.lines else None
    for name, day in (
        ("accident", claim.accident.happened_on if claim.accident else None),
        ("onset", claim.onset_date),
    ):
        if day is not None and first is not None and day > first:
            yield name, f"the {name} lies after the service"


def _coverage(claim: ProfessionalClaim, around: Around) -> _Found:
    for line in claim.lines:
        early = around.coverage_from is not None and line.service_from < around.coverage_from
        late = around.coverage_to is not None and line.service_from > around.coverage_to
        if early or late:
            yield _line_field(line, "service_date"), "the coverage was not in force on the day of service"


def _diagnoses(claim: ProfessionalClaim, around: Around) -> _Found:
    codes = [code.replace(".", "").upper() for code in claim.diagnoses]
    if not 1 <= len(codes) <= 12:
        yield "diagnoses", "a claim has one to twelve diagnoses"
        return
    on = max((line.service_from for line in claim.lines), default=around.today)
    for at, code in enumerate(codes):
        if not around.is_billable(code, on):
            yield f"diagnoses[{at}]", f"{claim.diagnoses[at]} is not a billable ICD-10-CM code on {on}"
        if code in codes[:at]:
            yield f"diagnoses[{at}]", f"{claim.diagnoses[at]} is there twice"
    if codes[0][:1] in EXTERNAL_CAUSES:
        yield "diagnoses[0]", "an external cause cannot be the principal diagnosis"


def _pointers(claim: ProfessionalClaim, around: Around) -> _Found:
    for line in claim.lines:
        pointers = line.pointers
        if not 1 <= len(pointers) <= 4 or any(not 1 <= p <= len(claim.diagnoses) for p in pointers):
            yield _line_field(line, "pointers"), "the line does not point at one to four diagnoses of the claim"
        elif len(set(pointers)) != len(pointers):
            yield _line_field(line, "pointers"), "the line points at a diagnosis twice"


def _procedures(claim: ProfessionalClaim, around: Around) -> _Found:
    if not 1 <= len(claim.lines) <= 50:
        yield "lines", "a claim has one to fifty lines"
    for line in claim.lines:
        if not PROCEDURE(line.procedure):
            yield _line_field(line, "procedure"), f"{line.procedure} is not a CPT or HCPCS code"


def _units(claim: ProfessionalClaim, around: Around) -> _Found:
    for line in claim.lines:
        if line.units <= 0 or line.units > 9999 or line.units != line.units.to_integral_value():
            yield _line_field(line, "units"), "the units are not a whole number of 1 to 9999"
        if line.charge_minor <= 0:
            yield _line_field(line, "charge"), "the charge is not above zero"


def _modifiers(claim: ProfessionalClaim, around: Around) -> _Found:
    for line in claim.lines:
        name, modifiers = _line_field(line, "modifiers"), line.modifiers
        if len(modifiers) > 4 or len(set(modifiers)) != len(modifiers) or not all(map(MODIFIER, modifiers)):
            yield name, "the modifiers are not up to four different codes of two characters"
        if {"26", "TC"} <= set(modifiers):
            yield name, "26 (professional part) and TC (technical part) exclude each other"
        if "50" in modifiers and {"LT", "RT"} & set(modifiers):
            yield name, "50 (both sides) excludes LT and RT"


def _place(claim: ProfessionalClaim, around: Around) -> _Found:
    if claim.place_of_service not in PLACES:
        yield "place_of_service", f"{claim.place_of_service or 'nothing'} is not a place of service"
    for line in claim.lines:
        place = line.place_of_service or claim.place_of_service
        if line.place_of_service and line.place_of_service not in PLACES:
            yield _line_field(line, "place_of_service"), f"{line.place_of_service} is not a place of service"
        if place == "12" and AUDIO_AND_VIDEO & set(line.modifiers):
            yield _line_field(line, "modifiers"), "a telehealth modifier on a visit at the patient's home in person"


def _total(claim: ProfessionalClaim, around: Around) -> _Found:
    if claim.charge_minor != around.charged_minor:
        yield (
            "charge",
            f"the lines add up to {claim.charge_minor}, the ledger charged {around.charged_minor} minor units",
        )


def _line_numbers(claim: ProfessionalClaim, around: Around) -> _Found:
    seen: set[str] = set()
    for line in claim.lines:
        if line.line_control in seen or not line.line_control:
            yield _line_field(line, "line_control"), "the line has no number of its own"
        seen.add(line.line_control)


def _duplicate_lines(claim: ProfessionalClaim, around: Around) -> _Found:
    seen: dict[tuple[str, tuple[str, ...], date], ServiceLine] = {}
    for line in claim.lines:
        key = (line.procedure, tuple(sorted(line.modifiers)), line.service_from)
        if key in seen and not REPEATS & set(line.modifiers):
            yield _line_field(line, "procedure"), f"{line.procedure} is there twice on the same day without a modifier"
        seen[key] = line
        if line.line_control in around.duplicates:
            yield (
                _line_field(line, "procedure"),
                f"claim {around.duplicates[line.line_control]} carries the same service of the same day",
            )


def _timely_filing(claim: ProfessionalClaim, around: Around) -> _Found:
    last_day = _last_filing_day(claim, around)
    if last_day is not None and around.today > last_day:
        yield "service_date", f"the payer took claims for this until {last_day}"


def _filing_soon(claim: ProfessionalClaim, around: Around) -> _Found:
    last_day = _last_filing_day(claim, around)
    if last_day is not None and last_day - timedelta(days=14) < around.today <= last_day:
        yield "service_date", f"the payer takes claims for this until {last_day}"


def _last_filing_day(claim: ProfessionalClaim, around: Around) -> date | None:
    if not claim.lines or not around.timely_filing_days:
        return None
    start = around.first_sent_on or min(line.service_from for line in claim.lines)
    if claim.other_payers:  # the clock of a later payer starts with the earlier one's answer
        answered = [a.adjudicated_on for line in claim.lines for a in line.adjudications]
        answered += [other.adjudicated_on for other in claim.other_payers if other.adjudicated_on is not None]
        start = max([start, *answered])
    return start + timedelta(days=around.timely_filing_days)


def _correction(claim: ProfessionalClaim, around: Around) -> _Found:
    if claim.frequency is not Frequency.ORIGINAL and not claim.payer_control:
        yield "payer_control", "a correction needs the payer's number of the claim it corrects"


def _coordination(claim: ProfessionalClaim, around: Around) -> _Found:
    for problem in unbalanced(claim):
        yield "other_payers", problem
    if claim.responsibility != "P" and not claim.other_payers:
        yield "other_payers", "a later payer is not told what the earlier ones did"


def _accident(claim: ProfessionalClaim, around: Around) -> _Found:
    accident = claim.accident
    if accident is not None and accident.cause == "AA" and len(accident.state) != 2:
        yield "accident.state", "an automobile accident needs its state"


def _drugs(claim: ProfessionalClaim, around: Around) -> _Found:
    for line in claim.lines:
        if line.ndc and (not re.fullmatch(r"[0-9]{11}", line.ndc) or not line.ndc_quantity):
            yield _line_field(line, "ndc"), "a drug needs its eleven-digit NDC and a quantity"
        if line.ndc and line.ndc_unit not in ("F2", "GR", "ME", "ML", "UN"):
            yield _line_field(line, "ndc_unit"), "the drug's unit is not F2, GR, ME, ML or UN"


def _laboratory(claim: ProfessionalClaim, around: Around) -> _Found:
    laboratory = [line for line in claim.lines if line.procedure.isdigit() and 80047 <= int(line.procedure) <= 89398]
    if laboratory and not claim.clia:
        yield _line_field(laboratory[0], "procedure"), "a laboratory test without the location's CLIA number"


def _exclusions(claim: ProfessionalClaim, around: Around) -> _Found:
    return exclusions(claim, around.coding)


def _implausible(claim: ProfessionalClaim, around: Around) -> _Found:
    return too_many(claim, around.coding, Adjudication.LINE, Adjudication.DAY_POLICY)


def _to_be_shown(claim: ProfessionalClaim, around: Around) -> _Found:
    return too_many(claim, around.coding, Adjudication.DAY_CLINICAL)


def _line_field(line: ServiceLine, name: str) -> str:
    return f"lines[{line.line_control}].{name}"


_GUIDE = "005010X222A1"
_PROCESSING = "Medicare claims processing manual"
_NCCI = "CMS NCCI, the table of the quarter; Policy Manual, chapter I"
EDITS: tuple[Edit, ...] = (
    Edit("NPI", 1, "CMS NPI check digit; 45 CFR 162.406", "Correct the NPI in the directory.", _npis),
    Edit("TAX", 1, f"{_GUIDE} 2010AA REF", "Correct the billing entity's tax id.", _tax_id),
    Edit("TAXONOMY", 1, "NUCC taxonomy code set", "Add the taxonomy code in the directory.", _taxonomies),
    Edit("BILLADDR", 1, f"{_GUIDE} 2010AA N3", "Give a street address with a nine-digit ZIP code.", _billing_address),
    Edit("MEMBER", 1, f"{_GUIDE} 2010BA NM109", "Correct the member id from the card or a 271.", _member_id),
    Edit("MBI", 1, "CMS MBI format", "Compare the id with the Medicare card.", _medicare_id, Severity.WARNING),
    Edit("PERSON", 1, f"{_GUIDE} 2010BA, 2010CA", "Complete the patient's or subscriber's record.", _people),
    Edit("DATES", 1, f"{_GUIDE} 2400 DTP*472", "Correct the dates.", _dates),
    Edit("COVERAGE", 1, "coverage's own dates", "Check eligibility for the day; bill the right payer.", _coverage),
    Edit("DX", 1, "ICD-10-CM official guidelines, FY of service", "Code to the highest specificity.", _diagnoses),
    Edit("POINTER", 1, f"{_GUIDE} 2400 SV107", "Point the line at its diagnoses.", _pointers),
    Edit("PROCEDURE", 1, f"{_GUIDE} 2400 SV101", "Correct the procedure code.", _procedures),
    Edit("UNITS", 1, f"{_GUIDE} 2400 SV104, SV102", "Correct units and charge.", _units),
    Edit("MODIFIER", 1, "CPT appendix A; HCPCS level II", "Correct the modifiers.", _modifiers),
    Edit("PLACE", 1, "CMS place of service code set", "Correct the place of service or the modifier.", _place),
    Edit("TOTAL", 1, f"{_GUIDE} 2300 CLM02", "The charges changed after the claim was made: rebuild it.", _total),
    Edit("LINENO", 1, f"{_GUIDE} 2400 REF*6R", "Rebuild the claim.", _line_numbers),
    Edit("DUPLICATE", 1, f"{_PROCESSING} 1 §120", "Void one, or add 59, 76, 77, 91 or X{EPSU}.", _duplicate_lines),
    Edit("NCCI", 1, _NCCI, "Take one off, or add the modifier that the records bear out.", _exclusions),
    Edit("MUE", 1, _NCCI, "Correct the units; by line: split them with a fitting modifier.", _implausible),
    Edit("MUE-RECORDS", 1, _NCCI, "Keep the records at hand that show the need.", _to_be_shown, Severity.WARNING),
    Edit("TIMELY", 1, "payer's filing limit", "Appeal with proof of timely filing, or write it off.", _timely_filing),
    Edit("TIMELY-SOON", 1, "payer's filing limit", "Send it now.", _filing_soon, Severity.WARNING),
    Edit("CORRECTION", 1, f"{_GUIDE} 2300 REF*F8", "Wait for the payer's number, or send a new claim.", _correction),
    Edit("COB", 1, f"{_GUIDE} 1.4.1, RFI 1391", "Check the earlier payer's remittance.", _coordination),
    Edit("ACCIDENT", 1, f"{_GUIDE} 2300 CLM11", "Complete the accident's data.", _accident),
    Edit("DRUG", 1, f"{_GUIDE} 2410", "Complete the drug's data.", _drugs),
    Edit(
        "CLIA", 1, f"42 CFR 493; {_PROCESSING} 16 §70", "Add the location's CLIA number.", _laboratory, Severity.WARNING
    ),
    Edit("FILING", 1, "X12 code list 1032", "Correct the payer's filing indicator.", scrub_front.filing_indicator),
    Edit("ENROLMENT", 1, "payer's rules", "Enrol the provider, or bill by one who is.", scrub_front.enrolment),
    Edit("AUTHORISATION", 1, f"{_GUIDE} 2300 REF*G1", "Get the authorisation, or split.", scrub_front.authorisation),
    Edit("REFERRAL", 1, f"{_GUIDE} 2300 REF*9F", "Add the referral and who referred.", scrub_front.referral),
    Edit("CASE", 1, f"{_GUIDE} 2010BA REF*Y4", "Complete the coverage's case in the record.", scrub_front.case),
    Edit("NDC", 1, f"{_GUIDE} 2410 LIN", "Add the drug's NDC, quantity and unit.", scrub_front.drug_codes),
    Edit("DX-WHO", 1, "CMS Medicare Code Editor v43", "Correct the code or the record.", scrub_front.sex_and_age),
    Edit("SIDE", 1, "ICD-10-CM guidelines I.B.13", "Correct the modifier or the code.", scrub_front.laterality),
    Edit(
        "SIDE-OPEN",
        1,
        "ICD-10-CM guidelines I.B.13",
        "Code the side.",
        scrub_front.side_not_named,
        Severity.WARNING,
    ),
)
