"""Malformed and hostile 835 files: refused with a place, or read and proved; never a crash, never money out of nothing."""

import io

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.x12.errors import InterchangeRefused, SetRefused
from billing.domain.x12.reader import X12Reader
from billing.domain.x12.remittance_proof import prove
from billing.domain.x12.remittance_reader import read_remittance
from tests.billing.domain.x12.texts import remittance

WHOLE = remittance(
    "100",
    ["CLP*C1*1*175*100*25*12*ICN1*11*1", "SVC*HC:99213*150*100**1", "CAS*CO*45*50", "SVC*HC:85025*25*0", "CAS*PR*1*25"],
    ["PLB*1234567893*20261231*WO:ICN0*5*FB:ICN0*-5"],
).encode()
SIGNS = st.sampled_from([b"~", b"*", b":", b"^", b"-", b"9", b"0", b".", b"CLP", b"\x00", b"\xff", b"E", b"\n", b"ISA"])


def read(data: bytes) -> tuple[int, int]:
    """(sets proved, refusals): every set is read, proved or refused, as posting would."""
    proved = refused = 0
    try:
        for transaction in X12Reader(io.BytesIO(data)).sets():
            try:
                set_ = read_remittance(transaction)
                proof = prove(set_)
                if proof.balances:
                    proved += 1
                    paid = sum(claim.paid_minor for claim in set_.claims)
                    taken = sum(entry.amount_minor for entry in set_.provider_adjustments)
                    assert set_.header.payment_minor == paid - taken
                else:
                    refused += 1
            except SetRefused as refusal:
                assert refusal.reason
                assert refusal.place is not None
                refused += 1
    except InterchangeRefused as refusal:
        assert refusal.reason
        assert refusal.place is not None
        refused += 1
    return proved, refused


def test_the_untouched_file_is_proved():
    """What the others are made from is sound."""
    assert read(WHOLE) == (1, 0)


@settings(deadline=None, max_examples=150)
@given(st.integers(0, len(WHOLE)))
def test_a_truncated_file_is_refused(end):
    """Wherever it breaks off, the envelope says that something is missing."""
    proved, refused = read(WHOLE[:end].rstrip())
    assert refused or (proved == 1 and WHOLE[:end].rstrip() == WHOLE.rstrip())


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 3), SIGNS), min_size=1, max_size=4))
def test_a_mangled_file_is_refused_or_still_adds_up(edits):
    """Bytes are taken out and others put in: an error with its place, or a set that balances to the cent; nothing else."""
    data = bytearray(WHOLE)
    for at, gone, put in edits:
        data[at : at + gone] = put
    proved, refused = read(bytes(data))
    assert proved + refused >= 1


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_are_refused_cleanly(noise, after_a_header):
    """Whatever is sent in place of a file is no file, and says so."""
    data = WHOLE[:106] + noise if after_a_header else noise
    proved, refused = read(data)
    assert proved == 0
    assert refused == 1
