"""The people around a patient: who they are to them, and what they do for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from patient_registry.domain import contact_points
from patient_registry.domain.names import normalise
from patient_registry.domain.people import Address, Name, Sex, tidy_address
from patient_registry.domain.problems import Problem

# At this age people speak for themselves (age of majority; 19 in AL and NE, 21 in MS for some acts).
OF_AGE_YEARS = 18


class Relationship(StrEnum):
    """What the related person is to the patient."""

    MOTHER = "mother"
    FATHER = "father"
    PARENT = "parent"
    SPOUSE = "spouse"
    CHILD = "child"
    SIBLING = "sibling"
    GRANDPARENT = "grandparent"
    GUARDIAN = "guardian"
    PARTNER = "partner"
    FRIEND = "friend"
    OTHER = "other"


PARENTS = frozenset({Relationship.MOTHER, Relationship.FATHER, Relationship.PARENT, Relationship.GUARDIAN})


@dataclass(frozen=True, slots=True)
class RelatedPerson:
    """A related person who is not a patient here: name and ways to reach them. Phone in E.164 once settled."""

    name: Name
    phone: str = ""
    email: str = ""
    address: Address | None = None
    birth_date: date | None = None
    sex: Sex = Sex.UNKNOWN


def settle(entered: RelatedPerson) -> tuple[RelatedPerson, list[Problem]]:
    """The related person in the form that is kept, and everything that is wrong with what was entered."""
    problems = [
        Problem(f"name.{part}", "must hold at least one letter")
        for part, text in (("family", entered.name.family), ("given", entered.name.given))
        if not normalise(text)
    ]
    phone = contact_points.e164(entered.phone) if entered.phone else ""
    if phone is None:
        problems.append(Problem("phone", "must be a phone number with its area code"))
    email = contact_points.email(entered.email) if entered.email else ""
    if email is None:
        problems.append(Problem("email", "must be an e-mail address"))
    address = tidy_address(entered.address) if entered.address else None
    kept = replace(entered, name=entered.name.tidied(), phone=phone or "", email=email or "", address=address)
    return kept, problems
