"""Patients come in as FHIR R4 bundles; the same files twice make nobody twice. Who comes without insurance is given one
by the day's seed.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

from infra.day.client import Api, Json
from infra.day.context import Day, Person
from infra.day.world import INSURERS, PLACES, Insurer, day_message
from infra.local.plan import ROOT

GENERATED_PEOPLE = 260
ADULT_AGE = 18
MEDICARE_AGE = 65


def run(day: Day) -> None:
    """Import every bundle, then the first few again; fills ``day.people``."""
    folder = day.options.patients or generate(day.options.seed)
    files = sorted(path for path in folder.glob("*.json") if path.is_file())
    if not files:
        raise FileNotFoundError(f"there is no FHIR bundle (*.json) in {folder}")
    outcomes = day.parallel(lambda path: import_bundle(day.accounts.owner, path), files, "importing FHIR bundles")
    counted: Counter[str] = Counter()
    for outcome in outcomes:
        counted.update(outcome)
    day.time.settle(trail=False)
    before = patient_count(day)
    again = files[:5]
    day.parallel(lambda path: import_bundle(day.accounts.owner, path), again, "importing some of them again")
    day.time.settle(trail=False)
    after = patient_count(day)
    ids = sorted(
        row["id"]
        for row in day.observer.databases.rows(
            "patient_registry",
            "SELECT id::text AS id FROM patient WHERE tenant_id = %s AND merged_into IS NULL AND NOT deceased",
            [day.cast.tenant_id],
        )
    )
    day.people = day.parallel(lambda one: read_person(day, one), ids, "reading them back")
    assigned = assign_coverages(day)
    day.time.settle(trail=False)
    day.figures["patients"] = {
        "files": len(files),
        "people": len(day.people),
        "resources": dict(counted),
        "imported_again": len(again),
        "made_twice": after - before,
        "coverages_assigned": assigned,
    }
    day.progress.say(
        f"{len(day.people)} people from {len(files)} bundles; {len(again)} imported again made {after - before} more"
    )
    skipped = {what.removesuffix(" ignored"): count for what, count in counted.items() if what.endswith(" ignored")}
    if skipped:
        kinds = ", ".join(sorted(skipped, key=lambda kind: -skipped[kind])[:4])
        day.progress.say(f"{sum(skipped.values()):,} resources of {len(skipped)} kinds are not kept here ({kinds} …)")
    if assigned:
        day.notes.append(f"{assigned} people came without a usable coverage; the day gave them one by its seed.")


def generate(seed: int, people: int = GENERATED_PEOPLE) -> Path:
    """The project's own realistic bundles of so many people; made once for each seed."""
    folder = ROOT / "build" / "people" / f"seed-{seed}-{people}"
    if not any(folder.glob("*.json")):
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "infra.fhirgen", "--people", str(people)]
        subprocess.run([*command, "--seed", str(seed), "--out", str(folder)], check=True, cwd=ROOT)
    return folder


def import_bundle(api: Api, path: Path) -> Counter[str]:
    """POST one file as it is; returns the answer's own summary: how many of which resource had which fate.

    The last entry of the answer is an OperationOutcome with one issue a resource type ("2 ignored, 1 created").
    """
    answer = api.post_raw("/fhir/R4", path.read_bytes(), "application/fhir+json")
    counted: Counter[str] = Counter()
    for issue in answer["entry"][-1]["resource"]["issue"]:
        kind = issue["details"]["text"]
        for part in issue["diagnostics"].split(", "):
            number, _, fate = part.partition(" ")
            counted[f"{kind} {fate}"] += int(number)
    return counted


def patient_count(day: Day) -> int:
    """How many patients the registry holds for the tenant."""
    query = "SELECT count(*) AS n FROM patient WHERE tenant_id = %s"
    return int(day.observer.databases.one("patient_registry", query, [day.cast.tenant_id])["n"])


def read_person(day: Day, patient_id: str) -> Person:
    """A person as the API tells of them."""
    found = day.accounts.owner.get(f"/api/v1/patients/{patient_id}")
    points = found.get("contact_points", [])
    born = found["birth_date"]
    addresses = found.get("addresses", [])
    home = addresses[0]["address"] if addresses else {}
    family_key = found.get("guarantor_id") or patient_id
    return Person(
        patient_id=patient_id,
        family=found["name"]["family"],
        given=found["name"]["given"],
        birth_date=date(int(born["year"]), int(born["month"]), int(born["day"])),
        sex=found["sex"],
        state=home.get("state", ""),
        phone=_first(points, {"CONTACT_KIND_MOBILE", "CONTACT_KIND_LANDLINE"}),
        email=_first(points, {"CONTACT_KIND_EMAIL"}),
        language=found.get("language") or "en",
        guarantor_id=family_key,
        # A family goes to one place.
        place=day.chance(f"place/{family_key}").choice(PLACES).key,
    )


def assign_coverages(day: Day) -> int:
    """See to it that everybody has a complete coverage or pays for themselves; returns how many were given one."""
    assigned = day.parallel(lambda person: complete_coverage(day, person), day.people, "looking at coverages")
    return sum(assigned)


def complete_coverage(day: Day, person: Person) -> int:
    """Fill what a coverage lacks, or add one; 1 when something had to be made up."""
    api = day.accounts.owner
    listed = api.get(
        f"/api/v1/patients/{person.patient_id}/coverages",
        **{"on.year": day.visit_day.year, "on.month": day.visit_day.month, "on.day": day.visit_day.day},
    ).get("coverages", [])
    usable = [coverage for coverage in listed if not coverage.get("lacking")]
    if usable:
        person.payer_codes = [coverage["payer_code"] for coverage in usable]
        return 0
    chance = day.chance(f"coverage/{person.patient_id}")
    insurer = choose_insurer(chance.random(), person.age_on(day.visit_day))
    if not insurer.filing_indicator:
        return 1
    # A payer known by text only is given its code; nothing is added beside it.
    known = listed[0] if listed else None
    code = (known or {}).get("payer_code") or insurer.code
    if code == "SELF":
        return 0
    body: Json = {
        "kind": "COVERAGE_KIND_HEALTH",
        "payer_code": code,
        "payer_name": next(found.name for found in INSURERS if found.code == code),
        "member_id": f"{code[:3]}{chance.randrange(10**8, 10**9)}",
        "subscriber_relation": "SUBSCRIBER_RELATION_SELF",
        "period": {"start": day_message(date(2025, 1, 1))},
    }
    if known:
        mask = "payer_code,payer_name,member_id,subscriber_relation"
        api.patch(f"/api/v1/coverages/{known['coverage_id']}", {"coverage": body, "update_mask": mask})
    else:
        api.post(f"/api/v1/patients/{person.patient_id}/coverages", {"coverage": body})
    person.payer_codes = [code]
    return 1


def choose_insurer(draw: float, age: int) -> Insurer:
    """A payer by the shares of the world; old people have Medicare, and nobody else has."""
    if age >= MEDICARE_AGE:
        return next(insurer for insurer in INSURERS if insurer.kind == "PAYER_KIND_MEDICARE_B")
    choices = [insurer for insurer in INSURERS if insurer.kind != "PAYER_KIND_MEDICARE_B"]
    mark = draw * sum(insurer.share for insurer in choices)
    for insurer in choices:
        mark -= insurer.share
        if mark < 0:
            return insurer
    return choices[-1]


def _first(points: list[Json], kinds: set[str]) -> str:
    fitting = [point for point in points if point["kind"] in kinds]
    fitting.sort(key=lambda point: not point.get("preferred"))
    return str(fitting[0]["value"]) if fitting else ""
