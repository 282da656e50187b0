"""The weights of the duplicate check, as data.

Fellegi and Sunter (1969): for each field, how often a level of agreement is seen between two records of ONE person (m) and
between records of two people (u); the evidence of that level is log2(m/u) bits. The probabilities follow published
estimates for US registries (Grannis et al., AMIA 2003; the FEBRL4 benchmark) and are meant to be learned anew from a
network's own reviewed pairs. `words` is what the person at the desk reads; "" is not worth saying.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Level:
    """One level of agreement of a field."""

    m: float
    u: float
    words: str

    @property
    def bits(self) -> float:
        """The evidence of this level: positive speaks for one person."""
        return math.log2(self.m / self.u)


# Before any evidence: of 100,000 people on file one may be this person.
PRIOR_BITS = -math.log2(100_000)

WEIGHTS: Mapping[str, Mapping[str, Level]] = MappingProxyType(
    {
        "family": {
            "same": Level(0.85, 0.0012, "same family name"),
            "same_common": Level(0.85, 0.0080, "same family name (a common one)"),
            "former": Level(0.03, 0.0006, "family name is the other's former one"),
            "part": Level(0.03, 0.0030, "one part of a double family name is the same"),
            "similar": Level(0.05, 0.0040, "family name is spelled almost the same"),
            "differs": Level(0.05, 0.9900, "family name differs"),
        },
        "given": {
            "same": Level(0.86, 0.0060, "same given name"),
            "nickname": Level(0.06, 0.0030, "given name is a short form of the other"),
            "similar": Level(0.05, 0.0070, "given name is spelled almost the same"),
            "initial": Level(0.01, 0.0100, "given name begins like the other's initial"),
            "differs": Level(0.02, 0.9700, "given name differs"),
        },
        "middle": {
            "agrees": Level(0.90, 0.0900, "middle name agrees"),
            "differs": Level(0.10, 0.9100, "middle name differs"),
        },
        "suffix": {
            "same": Level(0.95, 0.3000, "same suffix (Jr., Sr., III)"),
            "differs": Level(0.05, 0.7000, "suffix differs (Jr., Sr., III)"),
        },
        "birth_date": {
            "same": Level(0.96, 0.00004, "same birth date"),
            "same_new_year": Level(0.96, 0.00050, "same birth date (1 January, often a stand-in)"),
            "swapped": Level(0.010, 0.00004, "birth date agrees with day and month exchanged"),
            "one_digit": Level(0.020, 0.00090, "birth date differs in one digit"),
            "differs": Level(0.010, 0.99900, "birth date differs"),
        },
        "sex": {
            "same": Level(0.99, 0.50, ""),
            "differs": Level(0.01, 0.50, "sex differs"),
        },
        "ssn": {
            "same": Level(0.97, 0.0001, "same last four of the social security number"),
            "differs": Level(0.03, 0.9999, "last four of the social security number differ"),
        },
        "identifier": {
            "same": Level(0.50, 0.0000005, "same number from another system"),
        },
        # What a household shares:
        "phone": {
            "same": Level(0.60, 0.0002, "same phone number"),
            "differs": Level(0.40, 0.9998, "phone number differs"),
        },
        "email": {
            "same": Level(0.60, 0.0001, "same e-mail address"),
            "differs": Level(0.40, 0.9999, "e-mail address differs"),
        },
        "address": {
            "same": Level(0.60, 0.0003, "same street address"),
            "same_area": Level(0.20, 0.0300, "same postal code"),
            "differs": Level(0.20, 0.9700, "address differs"),
        },
        "member": {
            "same": Level(0.60, 0.0003, "same member id"),
        },
    }
)

HOUSEHOLD = frozenset({"phone", "email", "address", "member"})

# A family shares its phone, its address, its policy: these fields are not independent, so together they are worth no more
# than this, and less where what tells relatives apart (given name, birth date) differs.
HOUSEHOLD_CAP = 12.0
HOUSEHOLD_CAP_OF_RELATIVES = 4.0
# Given name differs, birth date is the same: twins share the family name too, so that all they share counts for this much.
SHARED_CAP_OF_TWINS = 3.0

CERTAIN_BITS = 12.0
LIKELY_BITS = 4.0
POSSIBLE_BITS = -4.0

SIMILAR_FAMILY = 0.92  # Jaro–Winkler
SIMILAR_GIVEN = 0.90
SHORTEST_WITH_A_SLIP = 5  # of shorter names, one letter makes another name
