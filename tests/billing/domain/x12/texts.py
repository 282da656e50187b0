"""Small X12 files of our own for the tests, and the sample files where POLYCLINIC_SAMPLE_DATA names them."""

import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from billing.domain.x12.errors import InterchangeRefused, SetRefused
from billing.domain.x12.reader import TransactionSet, X12Reader

ISA = "ISA*00*          *00*          *ZZ*{sender:15}*ZZ*{receiver:15}*260302*0900*^*00501*{control:09d}*0*T*:~"


def envelope(
    kind: str,
    version: str,
    sets: Sequence[tuple[str, Sequence[str]]],
    *,
    control: int = 1,
    st03: bool = True,
    sender: str = "PAYER",
    receiver: str = "CLINIC",
) -> str:
    """An interchange with one group of the given sets; every set is (set id, segments between ST and SE)."""
    out = [ISA.format(sender=sender, receiver=receiver, control=control)]
    out.append(f"GS*{kind}*{sender}*{receiver}*20260302*0900*{control}*X*{version}~")
    for number, (set_id, segments) in enumerate(sets, 1):
        out.append(f"ST*{set_id}*{number:04d}{f'*{version}' if st03 else ''}~")
        out += [f"{segment}~" for segment in segments]
        out.append(f"SE*{len(segments) + 2}*{number:04d}~")
    out += [f"GE*{len(sets)}*{control}~", f"IEA*1*{control:09d}~"]
    return "\n".join(out)


def remittance(
    payment: str, claims: Sequence[str], plb: Sequence[str] = (), *, trace: str = "EFT1", control: int = 1
) -> str:
    """An 835 file of one set around the given claim and PLB segments."""
    return envelope(
        "HP", "005010X221A1", [("835", remittance_set(payment, claims, plb, trace=trace))], control=control, st03=False
    )


def remittance_set(payment: str, claims: Sequence[str], plb: Sequence[str] = (), *, trace: str = "EFT1") -> list[str]:
    """The segments of one 835 set between ST and SE."""
    head = [
        f"BPR*I*{payment}*C*ACH*CCP*01*999988880*DA*123456*1512345678**01*999988881*DA*98765*20260315",
        f"TRN*1*{trace}*1512345678",
        "DTM*405*20260314",
        "N1*PR*MEDICARE B*XV*MEDB1",
        "N3*1 PAYER WAY",
        "N4*HARTFORD*CT*061010001",
        "PER*BL*TECH SUPPORT*TE*8005551212",
        "N1*PE*RIVERSIDE CLINICS*XX*1234567893",
        "REF*TJ*123456789",
    ]
    return [*head, *(["LX*1"] if claims else []), *claims, *plb]


def samples(*kinds: str) -> list[Path]:
    """The sample files whose name or folder tells one of the kinds ('835', '271', …); none without the variable."""
    root = os.environ.get("POLYCLINIC_SAMPLE_DATA")
    if not root:
        return []
    found = [
        path for path in sorted(Path(root, "x12").rglob("*")) if path.is_file() and path.suffix not in (".tsv", "")
    ]
    return [path for path in found if "licenses" not in path.parts and any(kind in path.name for kind in kinds)]


def outcomes(data: bytes, read: Callable[[TransactionSet], Any]) -> list[Any]:
    """For every set what `read` made of it or its refusal; at the end the refusal of the envelope, if any."""
    found: list[Any] = []
    try:
        for transaction in X12Reader(io.BytesIO(data)).sets():
            try:
                found.append(read(transaction))
            except SetRefused as refused:
                found.append(refused)
    except InterchangeRefused as refused:
        found.append(refused)
    return found
