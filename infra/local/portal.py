"""The demo's portal: the clinic's page is published, and one patient with a visit ahead has an account and a child to look after."""

from __future__ import annotations

from infra.day.accounts import DEMO_PASSWORD
from infra.day.context import Day, Person

LOGIN = "patient"
ADULT, CHILD = 30, 14
ABOUT = {
    "en": "Family medicine, internal medicine and children's medicine, close to where you live. We see you in person and by video.",
    "es": "Medicina familiar, interna y pediátrica, cerca de donde usted vive. Le atendemos en persona y por video.",
}


def fill(day: Day) -> None:
    """Publish the clinic's page, and give an account to a patient."""
    owner = day.accounts.owner
    owner.patch(
        "/api/v1/clinic-page",
        {
            "published": True,
            "about": ABOUT,
            "phone": "+12125550100",
            "email": "hello@lanternfield.example",
            "takes_new_patients": True,
            "location_ids": list(day.cast.locations.values()),
            "practitioner_ids": list(day.cast.practitioners.values()),
        },
    )
    person, child = family(day)
    if child is not None:
        relation = {"related_patient_id": person.patient_id, "relationship": "RELATIONSHIP_PARENT", "proxy": True}
        owner.post(f"/api/v1/patients/{child.patient_id}/relations", relation)
    reached = [each.patient_id for each in (person, child) if each is not None]
    owner.post(
        "/api/v1/users",
        {
            "login": LOGIN,
            "name": f"{person.given} {person.family}",
            "password": DEMO_PASSWORD,
            "roles": ["ROLE_PATIENT"],
            "patient_ids": reached,
        },
    )


def family(day: Day) -> tuple[Person, Person | None]:
    """An adult with a visit ahead, and a child of the same place and, when there is one, the same name."""
    today = day.time.now.date()
    ahead = [visit.person for visit in day.visits if visit.person.age_on(today) >= ADULT]
    children = [each for each in day.people if each.age_on(today) < CHILD]
    for person in ahead:
        for child in children:
            if child.family == person.family and child.place == person.place:
                return person, child
    person = ahead[0] if ahead else day.people[0]
    return person, next((each for each in children if each.place == person.place), None)
