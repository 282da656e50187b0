"""837P over the space of what is billed: visits, payers, dependants, secondaries, tertiaries, corrections, separators.

pyx12 judges form and code sets; what it does not see (sums, pointers, numbers) is read back and checked here.
"""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.x12.elements import plain_text
from billing.domain.x12.envelope import Separators
from billing.domain.x12.professional_claim import (
    Accident,
    Frequency,
    Insured,
    LineAdjudication,
    OtherPayer,
    Payer,
    ProfessionalClaim,
    Responsibility,
    ServiceLine,
    ServiceLocation,
)
from billing.domain.x12.professional_claim_writer import unbalanced
from billing.domain.x12.remittance import Adjustment
from tests.billing.domain.x12.test_professional_claim import (
    ADDRESS,
    ANN,
    CHILD,
    COINSURED,
    JANE,
    PRIMARY,
    PROVIDER,
    segments,
    write,
)
from tests.judges.pyx12_judge import judge

DAY = date(2026, 3, 2)
PAYERS = [
    Payer("Aetna", "60054", "CI"),
    Payer("Medicare", "MEDB1", "MB"),
    Payer("Medicaid", "MCDMA", "MC"),
    Payer("Blue", "BCBS1", "BL"),
]
DIAGNOSES = ["I10", "E11.9", "M54.50", "Z00.00", "J06.9", "R51.9"]
RANKS = (Responsibility.PRIMARY, Responsibility.SECONDARY, Responsibility.TERTIARY)

names = st.text(
    st.characters(min_codepoint=65, max_codepoint=383, categories=["Lu", "Ll"]), min_size=1, max_size=40
).filter(lambda name: plain_text(name, 60))
lines = st.builds(
    ServiceLine,
    line_control=st.just(""),
    procedure=st.sampled_from(["99213", "99214", "36415", "85025", "J1100", "G0439"]),
    modifiers=st.lists(st.sampled_from(["25", "59", "95", "GT", "LT"]), max_size=4, unique=True).map(tuple),
    charge_minor=st.integers(1, 500_000),
    units=st.integers(1, 99).map(Decimal),
    pointers=st.just((1,)),
    service_from=st.just(DAY),
    service_to=st.sampled_from([DAY, DAY + timedelta(days=1)]),
    place_of_service=st.sampled_from(["", "11", "10", "02", "12"]),
)


@st.composite
def answers(draw: st.DrawFn, line: ServiceLine, payer: Payer, left: int) -> tuple[LineAdjudication, int]:
    """What a payer says of a line on which `left` was still asked for: paid, written off, left to others; and what it left."""
    paid = draw(st.integers(0, left))
    share = draw(st.integers(0, left - paid))
    before = line.charge_minor - left
    adjustments = [Adjustment("OA", "23", before)] if before else []
    adjustments += [Adjustment("PR", draw(st.sampled_from(["1", "2", "3"])), share)] if share else []
    rest = left - paid - share
    adjustments += [Adjustment("CO", "45", rest)] if rest else []
    said = LineAdjudication(
        payer.identifier,
        paid,
        line.procedure,
        line.modifiers,
        line.units,
        tuple(adjustments),
        DAY + timedelta(days=14),
        share,
    )
    return said, share


@st.composite
def claims(draw: st.DrawFn) -> ProfessionalClaim:
    """A claim that may be sent: to the first, second or third payer; a first one, a replacement or a void."""
    order = draw(st.permutations(PAYERS))
    rank = draw(st.integers(0, 2))
    diagnoses = tuple(draw(st.lists(st.sampled_from(DIAGNOSES), min_size=1, max_size=6, unique=True)))
    drawn = draw(st.lists(lines, min_size=1, max_size=8))
    told: list[ServiceLine] = []
    paid = [0] * rank
    for number, line in enumerate(drawn, 1):
        pointers = tuple(draw(st.lists(st.integers(1, len(diagnoses)), min_size=1, max_size=4, unique=True)))
        left, adjudications = line.charge_minor, []
        for earlier in range(rank):
            said, left = draw(answers(line, order[earlier], left))
            adjudications.append(said)
            paid[earlier] += said.paid_minor
        told.append(
            replace(line, line_control=f"PC1{number:02d}", pointers=pointers, adjudications=tuple(adjudications))
        )
    frequency = draw(st.sampled_from(Frequency))
    others = tuple(
        OtherPayer(order[at], RANKS[at], "18", replace(COINSURED, member_id=f"M{at}123"), paid[at], f"ICN{at}")
        for at in range(rank)
    )
    child = draw(st.booleans())
    insured: Insured = replace(
        JANE, last=draw(names), first=draw(names), group_number=draw(st.sampled_from(["", "G77"]))
    )
    return replace(
        PRIMARY,
        control=f"PC{draw(st.integers(1, 10**9)):010d}",
        billing_provider=replace(PROVIDER, pay_to=draw(st.sampled_from([None, ADDRESS]))),
        responsibility=RANKS[rank],
        relationship="" if child else "18",
        insured=insured,
        payer=order[rank],
        patient=replace(CHILD, last=draw(names), first=draw(names)) if child else None,
        diagnoses=diagnoses,
        lines=tuple(told),
        rendering=draw(st.sampled_from([ANN, None])),
        frequency=frequency,
        payer_control="" if frequency is Frequency.ORIGINAL else "ICN-9",
        service_location=draw(st.sampled_from([None, ServiceLocation("Northside", "1234567893", ADDRESS)])),
        authorisation=draw(st.sampled_from(["", "AUTH1"])),
        clia=draw(st.sampled_from(["", "11D1234567"])),
        accident=draw(st.sampled_from([None, Accident("AA", DAY, "MA"), Accident("EM", DAY), Accident("OA", DAY)])),
        insurance_type="12" if rank and order[rank].filing_indicator == "MB" else "",
        other_payers=others,
    )


@given(
    batch=st.lists(claims(), min_size=1, max_size=3), separators=st.sampled_from([None, Separators("|", "^", ":", "~")])
)
@settings(max_examples=60, deadline=None)
def test_every_claim_that_may_be_sent_is_valid(batch: list[ProfessionalClaim], separators: Separators | None):
    """Whatever visit, payer, rank and frequency: pyx12 has nothing to say, and every earlier payer balances."""
    assert judge(write(*batch, separators=separators)) == []
    assert [unbalanced(claim) for claim in batch] == [[]] * len(batch)


@given(claim=claims())
@settings(max_examples=60, deadline=None)
def test_what_pyx12_does_not_see_is_right(claim: ProfessionalClaim):
    """CLM02 is the sum of the lines, pointers point, a correction has the payer's number, every earlier payer explains each line."""
    found = segments(write(claim))
    [clm] = [s for s in found if s[0] == "CLM"]
    charges = [Decimal(s[2]) for s in found if s[0] == "SV1"]
    assert Decimal(clm[2]) == sum(charges) == Decimal(claim.charge_minor) / 100
    assert clm[5].split(":")[2] == claim.frequency.value
    assert (["REF", "F8", "ICN-9"] in found) is (claim.frequency is not Frequency.ORIGINAL)
    pointed = {int(pointer) for s in found if s[0] == "SV1" for pointer in s[7].split(":")}
    assert max(pointed) <= len(claim.diagnoses)
    assert len([s for s in found if s[0] == "SVD"]) == len(claim.lines) * len(claim.other_payers)
    explained: list[Decimal] = []
    for segment in found:
        if segment[0] == "SVD":
            explained.append(Decimal(segment[2]))
        elif segment[0] == "CAS" and explained:
            explained[-1] += sum((Decimal(amount) for amount in segment[3::3]), Decimal(0))
    each = [charge for charge in charges for _ in claim.other_payers]
    assert explained == each
