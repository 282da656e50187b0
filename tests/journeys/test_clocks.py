"""The two days a year on which clocks change: every offered time exists, is where people expect it, and books."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from infra.day.client import Json
from infra.day.world import FAMILY_MEDICINE, address, day_message, npi

from tests.journeys.house import House, booking

# The clinic is open from midnight to six in the morning on Sundays, the hours in which clocks change.
OPENS, CLOSES = 0, 6 * 60
MINUTES = 30
SUNDAY = 7
ZONES = {
    "America/New_York": ("NY", "100010001"),
    "America/Denver": ("CO", "802020001"),
    "America/Phoenix": ("AZ", "850040001"),
}


@dataclass(frozen=True)
class NightClinic:
    """A location open in the night of Sunday, its one clinician, and its visit type."""

    zone: str
    location_id: str
    practitioner_id: str
    type_id: str


@pytest.mark.parametrize(
    ("zone", "season", "expected"),
    [
        ("America/New_York", "spring", 10),
        ("America/New_York", "autumn", 14),
        ("America/Denver", "spring", 10),
        ("America/Denver", "autumn", 14),
        ("America/Phoenix", "spring", 12),
        ("America/Phoenix", "autumn", 12),
    ],
)
def test_every_slot_of_a_day_with_a_change_of_clocks_books(house: House, zone: str, season: str, expected: int) -> None:
    """In the night of the change a six-hour clinic offers five, six or seven hours of half-hour visits, and each books."""
    clinic = night_clinic(house, zone)
    day = change_of_clocks(house.now, season)
    slots = free(house, clinic, day)
    starts = [datetime.fromisoformat(slot["start_time"]) for slot in slots]
    assert starts == [starts[0] + timedelta(minutes=MINUTES) * number for number in range(expected)]
    local = [start.astimezone(ZoneInfo(zone)) for start in starts]
    assert all(time.date() == day and OPENS <= time.hour * 60 + time.minute < CLOSES for time in local)
    shown = [f"{time:%H:%M}" for time in local]
    if expected < 12:
        assert not {"02:00", "02:30"} & set(shown)
    if expected > 12:
        assert [shown.count(time) for time in ("01:00", "01:30")] == [2, 2]
    else:
        assert len(set(shown)) == len(shown)

    # One patient takes the whole night; the eight clients come at once.
    person = house.register("Nightowl", zone.rpartition("/")[2])
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda slot: house.owner.post("/api/v1/appointments", booking(person, slot)), slots))
    assert [each["start_time"] for each in made] == [slot["start_time"] for slot in slots]
    assert {each["time_zone"] for each in made} == {zone}
    house.settle()
    assert free(house, clinic, day) == []
    listed = house.owner.get(f"/api/v1/locations/{clinic.location_id}/day", date=day.isoformat())
    assert len(listed["visits"]) == expected


def change_of_clocks(now: datetime, season: str) -> date:
    """The next Sunday on which New York's clocks go forward (spring) or back (autumn), at least a week from now."""
    zone = ZoneInfo("America/New_York")
    day = now.astimezone(zone).date() + timedelta(days=7)
    while True:
        length = datetime(day.year, day.month, day.day, 23, tzinfo=zone).astimezone(UTC) - datetime(
            day.year, day.month, day.day, tzinfo=zone
        ).astimezone(UTC)
        if length == timedelta(hours=22 if season == "spring" else 24):
            return day
        day += timedelta(days=1)


def free(house: House, clinic: NightClinic, day: date) -> list[Json]:
    """The clinic's free times on a day, in order."""
    body = {
        "appointment_type_ids": [clinic.type_id],
        "practitioner_ids": [clinic.practitioner_id],
        "dates": {"start": day_message(day), "end": day_message(day)},
        "limit": 100,
    }
    slots: list[Json] = house.owner.post("/api/v1/slots:search", body)["slots"]
    return slots


def night_clinic(house: House, zone: str) -> NightClinic:
    """A location of its own in a zone, with a clinician who works there in the night of Sunday."""
    state, postal_code = ZONES[zone]
    stamp = house.day.chance(f"night/{zone}/{house.time.steps}").randrange(10**8, 10**9)
    location = house.owner.post(
        "/api/v1/locations",
        {
            "billing_entity_id": house.day.cast.billing_entity_id,
            "name": f"Night clinic {stamp}",
            "address": address("1 Midnight Street", "Anytown", state, postal_code),
            "time_zone": zone,
            "phone": "+16175550177",
            "place_of_service": "11",
            "hours": [{"weekday": SUNDAY, "opens_minute": OPENS, "closes_minute": CLOSES}],
        },
    )
    clinician = house.owner.post(
        "/api/v1/practitioners",
        {
            "name": {"family": "Nachtigall", "given": f"N{stamp % 97}"},
            "credential": "MD",
            "npi": npi(f"1{stamp % 10**8:08d}"),
            "taxonomy": FAMILY_MEDICINE,
            "specialties": ["night"],
            "sex": "SEX_MALE",
            "location_ids": [location["location_id"]],
        },
    )
    house.settle()
    kind = house.owner.post(
        "/api/v1/appointment-types",
        {
            "code": f"night-{stamp}",
            "name": "Night visit",
            "duration_minutes": MINUTES,
            "modality": "MODALITY_IN_PERSON",
            "start_every_minutes": MINUTES,
            "horizon_days": 400,
            "practitioner_ids": [clinician["practitioner_id"]],
        },
    )
    house.owner.post(
        "/api/v1/schedule-templates",
        {
            "practitioner_id": clinician["practitioner_id"],
            "location_id": location["location_id"],
            "windows": [{"weekday": SUNDAY, "starts_minute": OPENS, "ends_minute": CLOSES}],
        },
    )
    house.settle()
    return NightClinic(zone, location["location_id"], clinician["practitioner_id"], kind["appointment_type_id"])
