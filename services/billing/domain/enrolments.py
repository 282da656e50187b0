"""Who may bill a payer, where and since when: a provider's enrolment is the payer's leave to send it transactions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID


class Transaction(StrEnum):
    """What an enrolment lets through."""

    CLAIMS = "claims"  # 837P
    ELIGIBILITY = "eligibility"  # 270
    REMITTANCES = "remittances"  # 835


class EnrolmentState(StrEnum):
    """Where an application stands."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One enrolment; no practitioner: all of the billing entity, no location: everywhere."""

    practitioner_id: UUID | None
    location_id: UUID | None
    transaction: Transaction
    state: EnrolmentState
    start: date
    end: date | None

    def lets(self, transaction: Transaction, practitioner_id: UUID, location_id: UUID, day: date) -> bool:
        """Whether it lets this practitioner's transactions from this location through for services of `day`."""
        return (
            self.state is EnrolmentState.APPROVED
            and self.transaction is transaction
            and self.practitioner_id in (None, practitioner_id)
            and self.location_id in (None, location_id)
            and self.start <= day
            and (self.end is None or day <= self.end)
        )


def enrolled(
    enrolments: Iterable[Enrolment], transaction: Transaction, practitioner_id: UUID, location_id: UUID, day: date
) -> bool:
    """Whether any enrolment lets it through."""
    return any(one.lets(transaction, practitioner_id, location_id, day) for one in enrolments)
