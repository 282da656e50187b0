"""837P: what is written is judged by pyx12, and by the rules pyx12 does not know."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.x12.envelope import Separators
from billing.domain.x12.errors import UnwritableValue
from billing.domain.x12.professional_claim import (
    Accident,
    BillingProvider,
    Frequency,
    Insured,
    LineAdjudication,
    OtherPayer,
    Patient,
    Payer,
    PostalAddress,
    Practitioner,
    ProfessionalClaim,
    Receiver,
    Responsibility,
    ServiceLine,
    ServiceLocation,
    Submitter,
)
from billing.domain.x12.professional_claim_writer import VERSION, unbalanced, write_batch
from billing.domain.x12.reader import X12Reader
from billing.domain.x12.remittance import Adjustment
from billing.domain.x12.writer import EnvelopeData, InterchangeWriter
from tests.judges.pyx12_judge import judge

ADDRESS = PostalAddress("100 Main St", "Suite 2", "Boston", "MA", "021110001")
PROVIDER = BillingProvider("Riverside Clinics", "1234567893", "123456789", "EI", "261QM1300X", ADDRESS)
SUBMITTER = Submitter("Riverside Clinics", "SUBMITTERID", "Billing Office", "6175551212")
RECEIVER = Receiver("Clearinghouse", "RECEIVERID")
JANE = Insured(
    "Doe", "Jane", "Q", "W123456789", PostalAddress("1 Elm St", "", "Boston", "MA", "02111"), date(1980, 1, 1), "F"
)
COMMERCIAL = Payer("Aetna", "60054", "CI")
MEDICARE = Payer("Medicare", "MEDB1", "MB")
ANN = Practitioner("Smith", "Ann", "1234567893", "207Q00000X")
VISIT = date(2026, 3, 2)


def line(number: int, charge_minor: int, **changes: object) -> ServiceLine:
    """A service line of the claim under test."""
    plain = ServiceLine(f"LN{number}", "99213", (), charge_minor, Decimal(1), (1,), VISIT, VISIT)
    return replace(plain, **changes)  # type: ignore[arg-type]


PRIMARY = ProfessionalClaim(
    control="PC00000001",
    billing_provider=PROVIDER,
    responsibility=Responsibility.PRIMARY,
    relationship="18",
    insured=JANE,
    payer=COMMERCIAL,
    patient=None,
    place_of_service="11",
    diagnoses=("I10", "E11.9"),
    lines=(line(1, 12500, pointers=(1, 2)),),
    rendering=ANN,
)
CHILD = Patient("Doe", "Kid", "", "19", PostalAddress("1 Elm St", "", "Boston", "MA", "02111"), date(2015, 1, 1), "M")
EVERYTHING = replace(
    PRIMARY,
    control="PC00000002",
    referring=Practitioner("Jones", "Bob", "1234567893"),
    service_location=ServiceLocation("Northside", "1234567893", ADDRESS),
    authorisation="AUTH1",
    clia="11D1234567",
    onset_date=date(2026, 2, 20),
    accident=Accident("AA", date(2026, 2, 20), "MA"),
    frequency=Frequency.REPLACEMENT,
    payer_control="ICN77",
    lines=(
        line(1, 12500, modifiers=("25", "95")),
        line(
            2,
            1050,
            procedure="J1100",
            units=Decimal("4"),
            ndc="00641036725",
            ndc_quantity=Decimal("1"),
            ndc_unit="ML",
            pointers=(2,),
        ),
        line(3, 5000, service_to=date(2026, 3, 3), place_of_service="12"),
    ),
)
COINSURED = Insured("Doe", "Jane", "", "1EG4TE5MK73", JANE.address, None, "")
BY_MEDICARE = (
    LineAdjudication(
        "MEDB1",
        7200,
        "99214",
        (),
        Decimal(1),
        (Adjustment("CO", "45", 4000), Adjustment("PR", "1", 2000), Adjustment("PR", "2", 1800)),
        date(2026, 3, 16),
        3800,
    ),
    LineAdjudication("MEDB1", 0, "36415", (), Decimal(1), (Adjustment("CO", "97", 5000),), date(2026, 3, 16)),
)
SECONDARY = replace(
    PRIMARY,
    control="PC00000003",
    responsibility=Responsibility.SECONDARY,
    insured=replace(JANE, member_id="S987654321", group_name="Supplement"),
    lines=(
        line(1, 15000, procedure="99214", adjudications=(BY_MEDICARE[0],)),
        line(2, 5000, procedure="36415", adjudications=(BY_MEDICARE[1],)),
    ),
    other_payers=(OtherPayer(MEDICARE, Responsibility.PRIMARY, "18", COINSURED, 7200, "9425014000123"),),
)
CLAIM_LEVEL = replace(
    SECONDARY,
    control="PC00000004",
    lines=(line(1, 15000), line(2, 5000)),
    other_payers=(
        OtherPayer(
            MEDICARE,
            Responsibility.PRIMARY,
            "18",
            COINSURED,
            7200,
            "94250",
            (Adjustment("CO", "45", 9000), Adjustment("PR", "2", 3800)),
            3800,
            date(2026, 3, 16),
        ),
    ),
)
TERTIARY = replace(
    SECONDARY,
    control="PC00000005",
    responsibility=Responsibility.TERTIARY,
    payer=Payer("Medicaid", "MCDMA", "MC"),
    lines=tuple(
        replace(
            one,
            adjudications=(
                *one.adjudications,
                LineAdjudication(
                    "60054",
                    paid,
                    one.procedure,
                    (),
                    Decimal(1),
                    (Adjustment("OA", "23", other), *left),
                    date(2026, 4, 2),
                ),
            ),
        )
        for one, paid, other, left in zip(
            SECONDARY.lines, (3000, 0), (11200, 5000), ((Adjustment("PR", "3", 800),), ()), strict=True
        )
    ),
    other_payers=(
        *SECONDARY.other_payers,
        OtherPayer(COMMERCIAL, Responsibility.SECONDARY, "18", replace(COINSURED, member_id="W1"), 3000, "ICN2"),
    ),
)


def write(*claims: ProfessionalClaim, separators: Separators | None = None) -> str:
    """A file of one set with these claims."""
    at = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
    data = EnvelopeData("ZZ", "SUBMITTERID", "ZZ", "RECEIVERID", 5, at, False, True, separators or Separators())
    writer = InterchangeWriter(data)
    with writer.group("HC", VERSION, 5):
        write_batch(writer, SUBMITTER, RECEIVER, "B5", claims, 1)
    return writer.finish().decode()


def segments(text: str) -> list[list[str]]:
    """The segments of the one set, read back by our own reader (which checks counts and control numbers)."""
    found: list[list[str]] = []
    for transaction in X12Reader(io.BytesIO(text.encode())).sets():
        transaction.require("837")
        found += list(transaction.segments())
    return found


@pytest.mark.parametrize(
    "claim",
    [
        PRIMARY,
        replace(PRIMARY, patient=CHILD, relationship=""),
        EVERYTHING,
        replace(EVERYTHING, frequency=Frequency.VOID),
        replace(PRIMARY, billing_provider=replace(PROVIDER, pay_to=ADDRESS)),
        replace(PRIMARY, accident=Accident("EM", date(2026, 2, 20))),
        SECONDARY,
        replace(SECONDARY, payer=MEDICARE, insurance_type="12"),
        CLAIM_LEVEL,
        TERTIARY,
        replace(
            PRIMARY,
            diagnoses=tuple(f"Z00.{n}" if n < 2 else f"M54.{n % 10}" for n in range(12)),
            lines=(line(1, 1, pointers=(1, 2, 3, 12)),),
        ),
    ],
    ids=lambda claim: f"{claim.control}-{claim.responsibility}-{claim.frequency}",
)
def test_pyx12_accepts_every_kind_of_claim(claim: ProfessionalClaim):
    """Primary, dependant, replacement, void, accident, secondary, tertiary: valid by an outside judge."""
    assert judge(write(claim)) == []


def test_pyx12_accepts_a_batch_of_all():
    """Claims of one billing provider stand below one 2000A, with running HL numbers."""
    text = write(PRIMARY, replace(PRIMARY, control="PC9", patient=CHILD), EVERYTHING, SECONDARY, CLAIM_LEVEL, TERTIARY)
    assert judge(text) == []
    levels = [s for s in segments(text) if s[0] == "HL"]
    assert [s[1] for s in levels] == [str(n) for n in range(1, len(levels) + 1)]
    assert [s[3] for s in levels].count("20") == 1


def test_separators_of_our_own_choice_are_kept():
    """A receiver that wants other separators gets them."""
    text = write(SECONDARY, separators=Separators("|", "^", ">", "!"))
    assert judge(text) == []
    assert text.startswith("ISA|00|")


def test_clm02_is_the_sum_of_the_lines():
    """The claim's charge cannot differ from its lines."""
    [clm] = [s for s in segments(write(EVERYTHING)) if s[0] == "CLM"]
    assert clm[1:3] == ["PC00000002", "185.5"]
    assert clm[5] == "11:B:7"
    assert clm[11] == "AA:::MA"


def test_an_earlier_payer_speaks_per_line_or_per_claim_never_both():
    """Line figures go to 2430, claim figures to 2320 with the date in 2330B."""
    per_line = [s[0] + s[1] for s in segments(write(SECONDARY))]
    per_claim = [s[0] + s[1] for s in segments(write(CLAIM_LEVEL))]
    assert per_line.count("SVDMEDB1") == 2
    assert per_claim.count("SVDMEDB1") == 0
    tags = [s[0] for s in segments(write(CLAIM_LEVEL))]
    assert tags.index("CAS") < tags.index("OI") < tags.index("LX")
    assert [s[2] for s in segments(write(SECONDARY)) if s[:2] == ["AMT", "D"]] == ["72"]


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (replace(PRIMARY, control="X" * 21), "claim number"),
        (replace(PRIMARY, control="A*B"), "separator"),
        (replace(PRIMARY, control="Ä1"), "character set"),
        (replace(PRIMARY, lines=()), "1 to 50 lines"),
        (replace(PRIMARY, lines=tuple(line(n, 1) for n in range(51))), "1 to 50 lines"),
        (replace(PRIMARY, diagnoses=()), "1 to 12 diagnoses"),
        (replace(PRIMARY, diagnoses=("I10",) * 13), "1 to 12 diagnoses"),
        (replace(PRIMARY, lines=(line(1, 100, pointers=(3,)),)), "does not point"),
        (replace(PRIMARY, lines=(line(1, 100, pointers=()),)), "does not point"),
        (replace(PRIMARY, lines=(line(1, -100),)), "negative"),
        (replace(PRIMARY, insured=replace(JANE, member_id="")), "member id"),
        (replace(PRIMARY, insured=replace(JANE, birth_date=None)), "no address or birth date"),
        (replace(PRIMARY, insured=replace(JANE, last="王")), "no letter that X12 can carry"),
        (replace(PRIMARY, billing_provider=replace(PROVIDER, npi="123")), "billing NPI"),
        (replace(PRIMARY, frequency=Frequency.REPLACEMENT), "payer's claim number"),
        (replace(PRIMARY, lines=(line(1, 100, ndc="00641036725"),)), "without its quantity"),
        (replace(SECONDARY, other_payers=(replace(SECONDARY.other_payers[0], paid_minor=7201),)), "does not balance"),
        (
            replace(SECONDARY, lines=(SECONDARY.lines[0], replace(SECONDARY.lines[1], adjudications=()))),
            "adjudicated 1 of 2",
        ),
    ],
)
def test_what_a_payer_would_throw_out_is_not_written(claim: ProfessionalClaim, reason: str):
    """Identifiers are refused, never altered; sums that do not agree are not sent."""
    with pytest.raises(UnwritableValue, match=reason):
        write(claim)


names = st.text(min_size=1, max_size=70).filter(lambda text: any(c.isascii() and c.isalpha() for c in text))


@given(
    last=names,
    first=names,
    street=names,
    minor=st.lists(st.integers(min_value=0, max_value=10**8), min_size=1, max_size=50),
)
@settings(max_examples=25, deadline=None)
def test_any_name_and_any_amounts_make_a_valid_claim(last: str, first: str, street: str, minor: list[int]):
    """Whatever people are called, and whatever the charges are, the file stays valid."""
    person = replace(
        JANE, last=f"A{last}", first=f"B{first}", address=PostalAddress(f"1 {street}", street, "Boston", "MA", "02111")
    )
    claim = replace(PRIMARY, insured=person, lines=tuple(line(n, m) for n, m in enumerate(minor, 1)))
    text = write(claim)
    assert judge(text) == []
    assert unbalanced(claim) == []


def test_control_numbers_and_counts_stand_at_both_ends():
    """ISA13/IEA02, GS06/GE02 and ST02/SE02 repeat; SE01, GE01, IEA01 count."""
    text = write(PRIMARY)
    assert "IEA*1*000000005~" in text
    assert "GE*1*5~" in text
    assert text.splitlines()[-3] == f"SE*{len(text.splitlines()) - 4}*0001~"
    assert len(text.splitlines()[0]) == 106
