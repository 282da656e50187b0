"""Insurance is verified: billing has asked each payer (270) as soon as it heard of a coverage; the answers (271) are kept on it."""

from __future__ import annotations

from collections import Counter

from infra.day.client import Json
from infra.day.context import Day, Person


def run(day: Day) -> None:
    """Wait for the answers and count them as the API shows them."""
    day.time.settle(trail=False)
    listed = day.parallel(lambda person: coverages_of(day, person), day.people, "reading benefits")
    outcomes: Counter[str] = Counter()
    for coverages in listed:
        outcomes.update(str(coverage.get("benefits", {}).get("last_outcome") or "not asked") for coverage in coverages)
    insured = sum(bool(coverages) for coverages in listed)
    day.figures["insurance"] = {
        "people_insured": insured,
        "people_paying_themselves": len(day.people) - insured,
        "coverages": sum(len(coverages) for coverages in listed),
        "answers": dict(outcomes),
    }
    day.progress.say(
        f"{sum(len(coverages) for coverages in listed)} coverages asked for: "
        + ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    )


def coverages_of(day: Day, person: Person) -> list[Json]:
    """A person's coverages in force on the visit day."""
    answer = day.accounts.owner.get(
        f"/api/v1/patients/{person.patient_id}/coverages",
        **{"on.year": day.visit_day.year, "on.month": day.visit_day.month, "on.day": day.visit_day.day},
    )
    coverages: list[Json] = answer.get("coverages", [])
    return coverages
