"""Claims for the simulators' tests: 837P text written by hand from a seed, without any of the code under test."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

CLINIC_NPI = "1234567893"
DOCTOR_NPI = "1679576722"
SUBMITTER = "CLINIC1"
PROCEDURES = (
    ("99213", 14_500),
    ("99214", 21_075),
    ("99203", 18_050),
    ("36415", 1_825),
    ("85025", 3_340),
    ("93000", 9_999),
    ("90471", 4_250),
    ("97110", 7_533),
)


@dataclass(frozen=True)
class SampleLine:
    """A service line: code, cents, modifiers, and what an earlier payer did with it (paid, CAS segments)."""

    code: str
    charge: int
    modifiers: tuple[str, ...] = ()
    units: int = 1
    reference: str = ""
    earlier_paid: int | None = None
    earlier_cas: tuple[str, ...] = ()


@dataclass(frozen=True)
class SampleClaim:
    """A claim as a test wants it; the defaults make a clean one."""

    number: str
    payer: str = "COMM1"
    member: str = "W100000001"
    lines: tuple[SampleLine, ...] = (SampleLine("99213", 14_500, reference="LN1"),)
    service_date: str = "20260302"
    last_name: str = "DOE"
    first_name: str = "JANE"
    dependant: bool = False
    sequence: str = "P"
    frequency: str = "1"
    original_reference: str = ""
    authorization: str = ""
    diagnoses: tuple[str, ...] = ("I10", "E119")
    billing_npi: str = CLINIC_NPI
    charge: int | None = None
    earlier_payer: str = "MEDB1"
    earlier_paid: int | None = None
    extra: tuple[str, ...] = field(default=())


def money(cents: int) -> str:
    """Cents as dollars."""
    return f"{cents / 100:.2f}"


def claim_segments(claim: SampleClaim, level: int) -> tuple[list[str], int]:
    """The 2000B (and 2000C) loops of one claim below billing level 1, and the last HL number used."""
    other = claim.earlier_paid is not None
    subscriber = f"HL*{level}*1*22*{int(claim.dependant)}"
    relation = "" if claim.dependant else "18"
    segments = [subscriber, f"SBR*{claim.sequence}*{relation}*******CI"]
    segments += [f"NM1*IL*1*{claim.last_name}*PARENT****MI*{claim.member}"]
    if not claim.dependant:
        segments[-1] = f"NM1*IL*1*{claim.last_name}*{claim.first_name}****MI*{claim.member}"
        segments += ["N3*1 ELM ST", "N4*BOSTON*MA*02111", "DMG*D8*19800101*F"]
    segments.append(f"NM1*PR*2*PAYER {claim.payer}*****PI*{claim.payer}")
    if claim.dependant:
        level += 1
        segments += [f"HL*{level}*{level - 1}*23*0", "PAT*19", f"NM1*QC*1*{claim.last_name}*{claim.first_name}"]
        segments += ["N3*1 ELM ST", "N4*BOSTON*MA*02111", "DMG*D8*20150101*M"]
    charge = claim.charge if claim.charge is not None else sum(line.charge for line in claim.lines)
    segments.append(f"CLM*{claim.number}*{money(charge)}***11:B:{claim.frequency}*Y*A*Y*Y")
    if claim.authorization:
        segments.append(f"REF*G1*{claim.authorization}")
    if claim.original_reference:
        segments.append(f"REF*F8*{claim.original_reference}")
    codes = [f"{'ABK' if number == 0 else 'ABF'}:{code}" for number, code in enumerate(claim.diagnoses)]
    segments.append("HI*" + "*".join(codes))
    segments += list(claim.extra)
    segments += [f"NM1*82*1*SMITH*ANN****XX*{DOCTOR_NPI}", "PRV*PE*PXC*207Q00000X"]
    if other:
        segments += ["SBR*P*18*******MB", f"AMT*D*{money(claim.earlier_paid or 0)}", "OI***Y***Y"]
        segments += [f"NM1*IL*1*{claim.last_name}*{claim.first_name}****MI*1EG4TE5MK73"]
        segments += [f"NM1*PR*2*EARLIER PAYER*****PI*{claim.earlier_payer}", "REF*F8*2606100001"]
    for number, line in enumerate(claim.lines, start=1):
        procedure = ":".join(["HC", line.code, *line.modifiers])
        segments += [f"LX*{number}", f"SV1*{procedure}*{money(line.charge)}*UN*{line.units}***1"]
        segments.append(f"DTP*472*D8*{claim.service_date}")
        if line.reference:
            segments.append(f"REF*6R*{line.reference}")
        if line.earlier_paid is not None:
            segments.append(f"SVD*{claim.earlier_payer}*{money(line.earlier_paid)}*{procedure}**{line.units}")
            segments += [*line.earlier_cas, "DTP*573*D8*20260316"]
    return segments, level


def interchange(
    claims: list[SampleClaim], control: int = 1, *, batch: str = "BATCH1", submitter: str = SUBMITTER
) -> bytes:
    """A whole 837P file with one transaction set; the billing provider is that of the first claim."""
    body = [f"BHT*0019*00*{batch}*20260302*1030*CH", f"NM1*41*2*ACME CLINIC*****46*{submitter}"]
    body += ["PER*IC*BILLING*TE*6175551212", "NM1*40*2*MERIDIAN*****46*MERIDIANCH", "HL*1**20*1"]
    body += [f"NM1*85*2*ACME CLINIC*****XX*{claims[0].billing_npi}", "N3*100 MAIN ST", "N4*BOSTON*MA*021110001"]
    body += ["REF*EI*123456789"]
    level = 1
    for claim in claims:
        segments, level = claim_segments(claim, level + 1)
        body += segments
    return envelope("HC", "005010X222A1", "837", body, control, submitter)


def envelope(
    kind: str, version: str, transaction: str, body: list[str], control: int = 1, submitter: str = SUBMITTER
) -> bytes:
    """ISA to IEA around one transaction set."""
    lines = [f"ST*{transaction}*0001*{version}", *body]
    lines.append(f"SE*{len(lines) + 1}*0001")
    header = (
        f"ISA*00*          *00*          *ZZ*{submitter:<15}*ZZ*MERIDIANCH     *260302*1030*^*00501*{control:09d}*0*T*:"
    )
    group = f"GS*{kind}*{submitter}*MERIDIANCH*20260302*1030*{control}*X*{version}"
    whole = [header, group, *lines, f"GE*1*{control}", f"IEA*1*{control:09d}"]
    return "".join(segment + "~\n" for segment in whole).encode()


def population(
    size: int, seed: int, payers: tuple[str, ...] = ("MEDB1", "MCD01", "COMM1", "COMM2")
) -> list[SampleClaim]:
    """Claims of many members with one to four lines, modifiers, units and dependants, as the seed has it."""
    chance = random.Random(seed)
    claims: list[SampleClaim] = []
    for number in range(size):
        lines = []
        for position, (code, charge) in enumerate(chance.sample(PROCEDURES, chance.randint(1, 4)), start=1):
            units = chance.choice((1, 1, 1, 2))
            modifiers = chance.choice(((), (), ("25",), ("95",), ("25", "GT")))
            lines.append(SampleLine(code, charge * units, modifiers, units, f"C{number}L{position}"))
        payer = payers[number % len(payers)]
        member = f"{payer[:2]}{seed:03d}{chance.randint(0, size):06d}"
        claims.append(
            SampleClaim(
                f"C{seed}-{number:05d}",
                payer=payer,
                member=member,
                lines=tuple(lines),
                service_date=f"202603{chance.randint(1, 2):02d}",
                last_name=f"FAMILY{number % 97}",
                first_name=chance.choice(("ANN", "BO", "CY")),
                dependant=chance.random() < 0.2,
            )
        )
    return claims


def as_secondary(claim: SampleClaim, payer: str, member: str) -> SampleClaim:
    """The same claim to a second payer after the first paid 60 %, wrote off 20 % and left 20 % as coinsurance."""
    lines = tuple(_shared(line) for line in claim.lines)
    return replace(
        claim,
        payer=payer,
        member=member,
        sequence="S",
        lines=lines,
        earlier_payer=claim.payer,
        earlier_paid=sum(line.earlier_paid or 0 for line in lines),
    )


def _shared(line: SampleLine) -> SampleLine:
    paid, off = line.charge * 60 // 100, line.charge * 20 // 100
    rest = line.charge - paid - off
    return replace(line, earlier_paid=paid, earlier_cas=(f"CAS*CO*45*{money(off)}", f"CAS*PR*2*{money(rest)}"))
