"""What the clinician writes down after a visit: diagnoses and services, then the signature."""

from __future__ import annotations

import random

from infra.day.client import Json
from infra.day.codes import codings_for
from infra.day.context import Day, Visit


def code_and_sign(day: Day, visit: Visit, chance: random.Random, *, sign: bool) -> None:
    """Enter the codes of a visit and, when ``sign``, sign them; the charges exist from then on."""
    api = day.accounts.clinicians[visit.clinician.key]
    encounter = encounter_of(day, visit)
    coding = chance.choice(codings_for(visit.kind.code, visit.person.age_on(day.visit_day)))
    body: Json = {
        "version": encounter["version"],
        "diagnoses": list(coding.diagnoses),
        "lines": [
            {
                "procedure": procedure,
                "modifiers": list(modifiers),
                "units": 1,
                "diagnosis_pointers": list(pointers),
            }
            for procedure, modifiers, pointers in coding.lines
        ],
        "facts": _facts(day, visit),
    }
    saved = api.post(f"/api/v1/encounters/{encounter['encounter_id']}:saveCodes", body)
    visit.encounter_id = encounter["encounter_id"]
    if sign:
        api.post(f"/api/v1/encounters/{visit.encounter_id}:sign", {"version": saved["version"]})


def sign_later(day: Day, visit: Visit) -> None:
    """Sign codes that were entered the day before."""
    api = day.accounts.clinicians[visit.clinician.key]
    encounter = encounter_of(day, visit)
    api.post(f"/api/v1/encounters/{encounter['encounter_id']}:sign", {"version": encounter["version"]})


def encounter_of(day: Day, visit: Visit) -> Json:
    """Billing's record of the visit."""
    api = day.accounts.clinicians[visit.clinician.key]
    (encounter,) = api.get("/api/v1/encounters", appointment_ids=visit.appointment_id)["encounters"]
    found: Json = encounter
    return found


def _facts(day: Day, visit: Visit) -> Json:
    """Who answered for a supervised clinician's visit."""
    if not visit.clinician.supervisor:
        return {}
    return {"supervising_practitioner_id": day.cast.practitioners[visit.clinician.supervisor]}
