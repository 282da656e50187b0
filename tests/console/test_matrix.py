"""Authorisation through the pages: each address × each role, × another tenant, × another location."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from polyclinic.identity.v1 import identity_pb2

from gateway.console import routes
from tests.console.access import ACCESS, ROLES
from tests.console.house import PASSWORD, Browser, House, patient, visit
from tests.depth import pieces

ADDRESSES = [route.address for table in routes.TABLES for route in table]
NOBODY = "01a2027b-4e79-7bc2-a328-82b238ac6c72"
# What somebody of another place reads as "there is no such thing", or is sent away with.
SHUT = {400, 403, 404}


def filled(path: str, ids: dict[str, str]) -> str:
    """A path with its names filled: steps and actions with one that exists, ids from ``ids``, else one that is nobody's."""
    given = {"step": "arrive", "action": "hold", **ids}
    return re.sub(r"{(\w+)}", lambda found: given.get(found[1], NOBODY), path)


def ask(browser: Browser, address: str, ids: dict[str, str]) -> int:
    """The status of the answer to an address, a POST with nothing but the proof that the page itself sent it."""
    verb, path = address.split(" ")
    path = filled(path, ids)
    if verb == "GET":
        return browser.client.get(path).status_code
    return browser.client.post(path, data=browser.token).status_code


def test_every_address_is_somebody_s() -> None:
    """The table of who may what has every address of the console, and none that is gone."""
    assert set(ADDRESSES) == set(ACCESS)
    assert all(re.fullmatch("".join(f"[{letter}.]" for letter in ROLES), each) for each in ACCESS.values())


@pytest.mark.parametrize("letter", pieces(ROLES, "d", "n"))
def test_each_address_for_each_role(house: House, letter: str) -> None:
    """What is not a role's is refused with 403 whether the thing exists or not; what is a role's is not refused."""
    browser = house.browser(ROLES[letter])
    found = {each: ask(browser, each, {}) != 403 for each in ADDRESSES}
    assert {each for each, is_open in found.items() if is_open != (letter in ACCESS[each])} == set()


@pytest.fixture(scope="module")
def things(house: House) -> dict[str, str]:
    """Things of the clinic at Harbor: a patient with a visit under way, its encounter, its claim, its payment, the settings."""
    call = house.api()
    patient_id = patient(house, "Private", "Pat")
    coverage = {
        "kind": "COVERAGE_KIND_HEALTH",
        "priority": 1,
        "payer_code": "COMM1",
        "payer_name": "Harbor Mutual",
        "member_id": "P1",
        "subscriber_relation": "SUBSCRIBER_RELATION_SELF",
        "period": {"start": {"year": 2026, "month": 1, "day": 1}},
    }
    insured = call("POST", f"/v1/patients/{patient_id}/coverages", coverage=coverage)
    house.carry()
    seen = visit(house, patient_id, "checkIn", "seen")["appointment_id"]
    encounter = call("GET", f"/v1/encounters?appointment_ids={seen}")["encounters"][0]
    doctor = house.api("doctor")
    line = {"procedure": "99213", "units": 1, "diagnosis_pointers": [1]}
    path = f"/v1/encounters/{encounter['encounter_id']}"
    coded = doctor("POST", f"{path}:saveCodes", diagnoses=["I10"], lines=[line], version=encounter["version"])
    doctor("POST", f"{path}:sign", version=coded["version"])
    house.carry()
    house.harnesses["billing"].run_due()
    drawer = call("POST", "/v1/drawers", location_id=house.ids["location"])
    money = {"minor_units": "2000", "currency": "USD"}
    paid = call(
        "POST",
        "/v1/payments",
        patient_id=patient_id,
        location_id=house.ids["location"],
        method="PAYMENT_METHOD_CASH",
        amount=money,
    )
    return {
        "patient_id": patient_id,
        "coverage_id": insured["coverage_id"],
        "appointment_id": visit(house, patient(house, "Later", "Lou"))["appointment_id"],
        "encounter_id": encounter["encounter_id"],
        "claim_id": call("GET", f"/v1/claims?patient_id={patient_id}")["claims"][0]["claim_id"],
        "payment_id": paid["payment_id"],
        "drawer_id": drawer["drawer_id"],
        "location_id": house.ids["location"],
        "practitioner_id": house.ids["practitioner"],
        "account_id": house.ids["desk"],
        "type_id": house.ids["type"],
        "code": "COMM1",
        "fee_schedule_id": call("GET", "/v1/fee-schedules")["fee_schedules"][0]["fee_schedule_id"],
    }


def about(things: dict[str, str]) -> Iterator[str]:
    """The addresses whose names can all be filled with things that exist."""
    for each in ADDRESSES:
        names = set(re.findall(r"{(\w+)}", each)) - {"step", "action"}
        if names and names <= set(things):
            yield each


def test_things_exist_for_those_whose_they_are(house: House, things: dict[str, str]) -> None:
    """The owner opens every one of them: what the next tests refuse is refused for who asks, not since nothing is there."""
    browser = house.browser("owner")
    shut = [each for each in about(things) if each.startswith("GET") and ask(browser, each, things) not in (200, 303)]
    assert shut == []
    assert len(list(about(things))) > 50


def test_another_tenant_reaches_nothing(house: House, things: dict[str, str]) -> None:
    """Another tenant's owner, who may do everything at home, finds none of these things by their ids, and changes none."""
    slug = house.slug.replace("console", "strange")
    request = identity_pb2.CreateTenantRequest(
        slug=slug, name="Strange", owner_login="owner", owner_name="S", owner_password=PASSWORD
    )
    house.harnesses["identity"].client(None, ["platform.operate"]).call("CreateTenant", request)
    stranger = house.browser()
    stranger.slug = slug
    stranger.sign_in("owner")
    before = state(house, things)
    reached = {each: ask(stranger, each, things) for each in about(things)}
    # A payer's code is a name, not an id: theirs of that name does not exist either.
    assert {each: status for each, status in reached.items() if status not in SHUT and not said_kindly(each)} == {}
    assert state(house, things) == before


def said_kindly(address: str) -> bool:
    """Actions that lead back with a word about what could not be done, and do nothing."""
    return address in (
        "POST /console/visits/{appointment_id}/unmove",
        "GET /console/visits/{appointment_id}/superbill",
    ) or (address == "POST /console/patients/{patient_id}/statement")


def test_another_location_reaches_no_visit(house: House, things: dict[str, str]) -> None:
    """Whoever works at Mesa alone reaches no visit, encounter, payment or drawer of Harbor; the patient is the whole clinic's."""
    browser = house.browser("mesa-desk")
    mine = ("appointment_id", "encounter_id", "payment_id", "drawer_id")
    before = state(house, things)
    for each in about(things):
        if any("{" + name + "}" in each for name in mine) and not said_kindly(each):
            assert ask(browser, each, things) in SHUT, each
    assert browser.get(f"/console/patients/{things['patient_id']}").status == 200
    assert state(house, things) == before


def state(house: House, things: dict[str, str]) -> list[object]:
    """What of these things anybody could have changed."""
    call = house.api()
    return [
        call("GET", f"/v1/patients/{things['patient_id']}")["version"],
        call("GET", f"/v1/appointments/{things['appointment_id']}")["version"],
        call("GET", f"/v1/claims/{things['claim_id']}")["version"],
        call("GET", f"/v1/payments/{things['payment_id']}")["version"],
        call("GET", f"/v1/drawers/{things['drawer_id']}")["state"],
        call("GET", f"/v1/users/{things['account_id']}")["version"],
        call("GET", f"/v1/locations/{things['location_id']}")["version"],
        call("GET", f"/v1/payers/{things['code']}")["version"],
    ]
