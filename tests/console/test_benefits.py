"""What a coverage pays, as its payer said; and the exceptions of insurance checks among the work."""

from __future__ import annotations

from tests.console.house import JANUARY, House, patient


def covered(house: House, family: str) -> tuple[str, str]:
    """(patient, coverage) of somebody with the commercial payer."""
    patient_id = patient(house, family, "Ben")
    coverage = {
        "kind": "COVERAGE_KIND_HEALTH",
        "priority": 1,
        "payer_code": "COMM1",
        "payer_name": "Harbor Mutual",
        "member_id": "B7",
        "subscriber_relation": "SUBSCRIBER_RELATION_SELF",
        "period": {"start": JANUARY},
    }
    made = house.api()("POST", f"/v1/patients/{patient_id}/coverages", coverage=coverage)
    house.carry()
    return patient_id, made["coverage_id"]


def test_a_coverage_without_an_answer_says_so(house: House) -> None:
    """The insurance page leads to each coverage's benefits; one that was never answered can be asked about from there."""
    patient_id, coverage_id = covered(house, "Benefit")
    path = f"/console/patients/{patient_id}/coverage"
    browser = house.browser("desk").get(path)
    assert f'href="{path}/{coverage_id}/benefits"' in browser.html
    browser.get(f"{path}/{coverage_id}/benefits")
    assert browser.status == 200
    assert "The payer has not answered about this coverage yet." in browser.text
    assert "Ask the payer now" in browser.text


def test_a_coverage_of_somebody_else_is_not_found(house: House) -> None:
    """A coverage is shown under its own patient only."""
    _, coverage_id = covered(house, "Mine")
    other, _ = covered(house, "Theirs")
    browser = house.browser("desk").get(f"/console/patients/{other}/coverage/{coverage_id}/benefits")
    assert browser.status == 404


def test_work_is_narrowed_to_an_exception_of_insurance_checks(house: House) -> None:
    """The queue offers the exceptions of insurance checks; a value that is none narrows nothing and breaks nothing."""
    browser = house.browser("biller").get("/console/billing/work?exception=inactive")
    assert browser.status == 200
    assert '<option value="inactive" selected>Not active</option>' in browser.html
    assert browser.get("/console/billing/work?exception=nonsense").status == 200
