"""The sample files: each is read, or refused for the right reason. Collected only where POLYCLINIC_SAMPLE_DATA is set."""

import pytest

from billing.domain.x12.acknowledgement import read_functional_acknowledgement
from billing.domain.x12.claim_status import read_status
from billing.domain.x12.eligibility_reader import read_eligibility
from billing.domain.x12.errors import InterchangeRefused, UnsupportedVersion
from billing.domain.x12.reader import X12Reader
from billing.domain.x12.remittance_proof import Balance, prove
from billing.domain.x12.remittance_reader import read_remittance
from tests.billing import sample_report
from tests.billing.domain.x12.texts import outcomes, samples


@pytest.mark.parametrize("path", samples("270", "271", "276", "277", "835", "837", "999"), ids=lambda path: path.name)
def test_sample_files_are_read_or_refused_with_a_reason(path):
    """Every sample file is read, or refused with a sentence and a place; 004010 by its version."""

    def read_set(transaction):
        transaction.require(transaction.set_id)
        return list(transaction.segments())

    found = outcomes(path.read_bytes(), read_set)
    assert found
    assert all(one if isinstance(one, list) else one.reason and one.place for one in found)
    if "004010" in path.name:
        assert {type(one) for one in found} == {UnsupportedVersion}


@pytest.mark.parametrize("path", samples("835"), ids=lambda path: path.name)
def test_sample_remittances_are_read_and_proved_or_refused(path):
    """The guide's examples balance, except the tertiary one, whose line swaps the procedure and the charge."""
    with path.open("rb") as file:
        for transaction in X12Reader(file).sets():
            set_ = read_remittance(transaction)
            proof = prove(set_)
            assert set_.claims
            if "tertiary" in path.name:
                assert {i.balance for i in proof.imbalances} == {Balance.LINE, Balance.CLAIM_LINES}
            else:
                assert proof.balances, [str(i) for i in proof.imbalances]


@pytest.mark.parametrize("path", samples("271"), ids=lambda path: path.name)
def test_sample_271_files(path):
    """Every sample is read; refused are the one whose SE02 disagrees and the 004010 one."""
    [found] = outcomes(path.read_bytes(), read_eligibility)
    if "x270_271" in path.name:
        assert "00401" in found.reason
    elif "error" in path.name:
        assert "SE02" in found.reason
    else:
        [answer] = found
        assert answer.trace == "93175-012547"
        assert [b.amount_minor for b in answer.benefits if b.information == "B"] == [1000, 3000]
        assert answer.is_dependant is ("dependent" in path.name)


@pytest.mark.parametrize("path", samples("277"), ids=lambda path: path.name)
def test_sample_277_files(path):
    """Every sample 277 and 277CA is read; one file ends with an IEA02 that does not repeat ISA13."""
    found = outcomes(path.read_bytes(), read_status)
    answer = found[0]
    assert answer.claims or answer.levels
    assert all(claim.reports for claim in answer.claims)
    assert answer.acknowledgement is ("277CA" in path.name)
    assert [type(one) for one in found[1:]] == ([InterchangeRefused] if "277_x212" in path.name else [])


@pytest.mark.parametrize("path", samples("_999_"), ids=lambda path: path.name)
def test_sample_999_files(path):
    """The rejected sample says where; the accepted one ends with an IEA02 that does not repeat ISA13."""
    found = outcomes(path.read_bytes(), read_functional_acknowledgement)
    accepted = "accepted" in path.name
    assert found[0].accepted(found[0].sets[0].set_control) is accepted
    assert [type(one) for one in found[1:]] == ([InterchangeRefused] if accepted else [])


@pytest.mark.parametrize("kept", [sample_report.PAGE] if samples("835") else [], ids=lambda path: path.name)
def test_the_page_about_the_samples_is_true(kept):
    """What docs/guides says of each sample file is what becomes of it; `python -m tests.billing.sample_report` writes it anew."""
    assert kept.read_text() == sample_report.page()
