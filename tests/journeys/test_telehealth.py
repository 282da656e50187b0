"""A video visit: both sides join with tokens, the patient waits and is admitted, and the claim says where they were."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from infra.day.client import Api, Json
from infra.day.steps.coding import code_and_sign

from tests.journeys.house import House, place_of
from tests.judges.pyx12_judge import judge

MINUTE = timedelta(minutes=1)
MINUTES_TOGETHER = 9


@pytest.mark.parametrize(("at_home", "place_of_service"), [(True, "10"), (False, "02")])
def test_video_visit(house: House, at_home: bool, place_of_service: str) -> None:
    """A video visit with the patient at home is claimed with place 10, elsewhere with 02, and with the payer's modifier."""
    name = "Homer" if at_home else "Roamer"
    patient = house.register(name, phone="", state="AZ")
    house.insure(patient, "COMM1")
    visit = house.book(patient, "begay", kind="video-follow-up", days=3)
    portal, clinician, public = house.portal(patient), house.day.accounts.clinicians["begay"], house.doorman.stranger()
    (session,) = portal.get("/api/v1/telehealth/sessions", appointment_id=visit.appointment_id)["sessions"]
    room = f"/api/v1/telehealth/sessions/{session['session_id']}"

    house.live_to(visit.start - 3 * MINUTE)
    token = portal.post(f"{room}/join-tokens", {"role": "ROLE_PATIENT"})["token"]
    body = {"token": token, "patient_state": "AZ", "patient_at_home": at_home, "media": "MEDIA_VIDEO"}
    waiting = public.post("/api/v1/telehealth/sessions:join", body)
    assert waiting["participant"]["state"] == "PARTICIPANT_STATE_WAITING"
    # Coming in again is the same participant; a token that was tampered with is nobody's.
    again = public.post("/api/v1/telehealth/sessions:join", body)
    assert again["participant"]["participant_id"] == waiting["participant"]["participant_id"]
    forged = house.ask(None, "POST", "/api/v1/telehealth/sessions:join", json=body | {"token": token[:-4] + "AAAA"})
    assert (forged.status, forged.reason) == (401, "UNAUTHENTICATED")
    # Whoever only waits gets no record of a meeting.
    assert [each["state"] for each in portal.get(room)["participants"]] == ["PARTICIPANT_STATE_WAITING"]
    house.step(visit, "arrive")
    house.step(visit, "checkIn")

    house.live_to(visit.start)
    beat(public, again)
    token = clinician.post(f"{room}/join-tokens", {"role": "ROLE_CLINICIAN"})["token"]
    hosting = public.post("/api/v1/telehealth/sessions:join", {"token": token, "media": "MEDIA_VIDEO"})
    (guest,) = [each for each in clinician.get(room)["participants"] if each["role"] == "ROLE_PATIENT"]
    clinician.post(f"{room}/participants/{guest['participant_id']}:admit")
    assert beat(public, again)["participant"]["state"] == "PARTICIPANT_STATE_ADMITTED"
    house.step(visit, "seen", clinician)
    for _ in range(MINUTES_TOGETHER):
        house.live_to(house.now + MINUTE)
        beat(public, again)
        beat(public, hosting)
    public.post("/api/v1/telehealth/participants:leave", {"participant_token": again["participant_token"]})
    ended = clinician.post(f"{room}:end")
    assert ended["seconds_together"] == MINUTES_TOGETHER * 60
    ledger = clinician.get(f"{room}/ledger")
    assert {interval["role"] for interval in ledger["intervals"]} == {"ROLE_PATIENT", "ROLE_CLINICIAN"}
    assert ledger["drops"] == 0

    house.settle()
    code_and_sign(house.day, visit, random.Random(1), sign=True)
    house.step(visit, "checkOut")
    charges = house.charges(visit)
    assert {charge["place_of_service"] for charge in charges} == {place_of_service}
    assert all("95" in charge["modifiers"] for charge in charges)
    claim = house.claim(visit)
    text = house.biller.download(f"/api/v1/claims/{claim['claim_id']}/x12").decode()
    assert f"*{place_of_service}:B:1*" in text
    assert ":95*" in text

    # It leaves with the evening's batch, and the outside judge finds nothing wrong with the file.
    house.live_to(visit.start + timedelta(days=1), grid=timedelta(hours=1))
    (sent,) = [content.decode() for _, content in house.day.claim_files() if claim["control"].encode() in content]
    assert judge(sent) == []
    assert place_of("begay") == visit.place


def beat(public: Api, participant: Json) -> Json:
    """A participant's browser says that it is still there."""
    return public.post(
        "/api/v1/telehealth/participants:heartbeat",
        {"participant_token": participant["participant_token"], "media": "MEDIA_VIDEO"},
    )
