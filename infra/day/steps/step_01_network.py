"""The network: a tenant with its billing entity, three locations in three time zones, twelve practitioners, rooms, a
device, visit types, weekly hours with an exception, payers and prices, message rules. A second tenant is made and
never touched again."""

from __future__ import annotations

from datetime import date

from infra.day.accounts import DEMO_PASSWORD, Doorman
from infra.day.client import Api, Json
from infra.day.context import Accounts, Day
from infra.day.invariants.events import count_rows
from infra.day.world import (
    BILLING_ENTITY,
    CHARGES,
    CLINICIANS,
    INSURERS,
    PAYER_ALIASES,
    PLACES,
    VISIT_KINDS,
    Clinician,
    Insurer,
    Place,
    VisitKind,
    day_message,
    dollars,
)

IDLE_TENANT = "quietwater"
BOOKING_CLIENTS = 16
RULES_FROM = date(2025, 1, 1)
LUNCH = (12 * 60, 13 * 60)
TEXTS_FROM = "+16175550199"


def run(day: Day) -> None:
    """Build the network through the public API; fills ``day.cast`` and ``day.accounts``."""
    doorman = Doorman(day.stack.url, day.log)
    operator = doorman.program("operator", day.stack.plan.secrets.get("operator"))
    day.cast.tenant_id = make_tenant(operator, day.cast.slug, "Lanternfield Medical Group")
    day.cast.idle_tenant_id = make_tenant(operator, IDLE_TENANT, "Quietwater Family Practice")
    owner = doorman.person(day.cast.slug, "owner")
    make_places(day, owner)
    make_staff(day, owner, doorman)
    day.time.settle(trail=False)
    make_visit_types(day, owner)
    make_hours(day, owner)
    make_payers(day, owner)
    make_messages(day, owner)
    connect_outside_parties(day)
    day.time.settle(trail=False)
    day.idle_rows = count_rows(day, day.cast.idle_tenant_id)
    day.progress.say(
        f"{len(PLACES)} locations in {len({place.time_zone for place in PLACES})} time zones, {len(CLINICIANS)} "
        f"practitioners, {len(VISIT_KINDS)} visit types, {len(INSURERS)} payers"
    )


def make_tenant(operator: Api, slug: str, name: str) -> str:
    """A tenant with its owner's account; returns its id."""
    made = operator.post(
        "/api/v1/tenants",
        {
            "slug": slug,
            "name": name,
            "default_language": "en",
            "owner_login": "owner",
            "owner_name": f"Owner of {name}",
            "owner_password": DEMO_PASSWORD,
        },
    )
    return str(made["tenant"]["tenant_id"])


def make_places(day: Day, owner: Api) -> None:
    """The billing entity, its locations, their exam rooms, and one ultrasound device each."""
    entity = owner.post("/api/v1/billing-entities", BILLING_ENTITY)
    day.cast.billing_entity_id = entity["billing_entity_id"]
    for place in PLACES:
        made = owner.post("/api/v1/locations", _location(place, day.cast.billing_entity_id))
        location_id = made["location_id"]
        day.cast.locations[place.key] = location_id
        day.cast.rooms[place.key] = [
            owner.post(
                "/api/v1/rooms",
                {"location_id": location_id, "name": f"Exam {number}", "room_class": "exam", "capacity": 1},
            )["room_id"]
            for number in range(1, place.exam_rooms + 1)
        ]
        device = owner.post(
            "/api/v1/equipment",
            {"location_id": location_id, "name": "Ultrasound", "equipment_class": "ultrasound", "capacity": 1},
        )
        day.cast.devices[place.key] = device["equipment_id"]


def make_staff(day: Day, owner: Api, doorman: Doorman) -> None:
    """Accounts of the front desks, the biller and the clinicians; the practitioners themselves; booking programs."""
    accounts = Accounts(owner=owner, biller=doorman.person(day.cast.slug, "biller"))
    make_account(owner, "biller", "Billing office", ["ROLE_BILLER"])
    for place in PLACES:
        login = f"desk-{place.key}"
        make_account(owner, login, f"Front desk {place.name}", ["ROLE_FRONT_DESK"])
        accounts.front_desks[place.key] = doorman.person(day.cast.slug, login)
    for clinician in CLINICIANS:
        name = f"{clinician.given} {clinician.family}"
        account_id = make_account(owner, clinician.key, name, ["ROLE_CLINICIAN"])
        made = owner.post("/api/v1/practitioners", _practitioner(day, clinician, account_id))
        day.cast.practitioners[clinician.key] = made["practitioner_id"]
        accounts.clinicians[clinician.key] = doorman.person(day.cast.slug, clinician.key)
    for number in range(1, BOOKING_CLIENTS + 1):
        client = owner.post("/api/v1/api-clients", {"name": f"Booking desk {number}", "roles": ["ROLE_SCHEDULER"]})
        accounts.booking.append(doorman.program(client["client_id"], client["client_secret"]))
    day.accounts = accounts


def make_account(owner: Api, login: str, name: str, roles: list[str], patient_ids: list[str] | None = None) -> str:
    """An account with the demonstration's password; returns its id."""
    body: Json = {"login": login, "name": name, "password": DEMO_PASSWORD, "roles": roles}
    if patient_ids:
        body["patient_ids"] = patient_ids
    return str(owner.post("/api/v1/users", body)["account_id"])


def make_visit_types(day: Day, owner: Api) -> None:
    """What can be booked, by whom, and what it needs besides the clinician."""
    for kind in VISIT_KINDS:
        made = owner.post("/api/v1/appointment-types", _appointment_type(day, kind))
        day.cast.appointment_types[kind.code] = made["appointment_type_id"]


def make_hours(day: Day, owner: Api) -> None:
    """Everybody works Monday to Friday with a lunch hour; one is away on the afternoon of the visit day."""
    windows = [
        {"weekday": weekday, "starts_minute": starts, "ends_minute": ends}
        for weekday in range(1, 6)
        for starts, ends in ((8 * 60, LUNCH[0]), (LUNCH[1], 17 * 60))
    ]
    for clinician in CLINICIANS:
        owner.post(
            "/api/v1/schedule-templates",
            {
                "practitioner_id": day.cast.practitioners[clinician.key],
                "location_id": day.cast.locations[clinician.place],
                "effective": {"start": day_message(RULES_FROM)},
                "windows": windows,
            },
        )
    owner.post(
        "/api/v1/schedule-exceptions",
        {
            "kind": "SCHEDULE_EXCEPTION_KIND_OUT_OF_OFFICE",
            "practitioner_id": day.cast.practitioners["hartmann"],
            "dates": {"start": day_message(day.visit_day), "end": day_message(day.visit_day)},
            "starts_minute": 15 * 60,
            "ends_minute": 17 * 60,
            "reason": "Hospital committee",
        },
    )


def make_payers(day: Day, owner: Api) -> None:
    """Payers with their dated rules, the charge master, what each contract allows, and what foreign texts mean."""
    for insurer in INSURERS:
        owner.put(f"/api/v1/payers/{insurer.code}", _payer(insurer))
    owner.put(
        "/api/v1/fee-schedules/CHARGES",
        {
            "name": "Charge master",
            "kind": "FEE_SCHEDULE_KIND_CHARGE_MASTER",
            "effective_from": day_message(RULES_FROM),
            "fees": [{"procedure": code, "amount": dollars(cents)} for code, cents in CHARGES.items()],
        },
    )
    for insurer in INSURERS:
        if insurer.filing_indicator:
            owner.put(f"/api/v1/fee-schedules/{insurer.code}-2025", _contract(insurer))
    for text, code in PAYER_ALIASES.items():
        name = next(insurer.name for insurer in INSURERS if insurer.code == code)
        owner.post("/api/v1/payer-aliases", {"text": text, "payer_code": code, "payer_name": name})


def make_messages(day: Day, owner: Api) -> None:
    """The tenant's own texting number and reminder rules: a mail three days before, a text one day before."""
    policy = owner.get("/api/v1/messaging-policy")
    owner.patch(
        "/api/v1/messaging-policy?update_mask=sms_from,email_from",
        {"sms_from": TEXTS_FROM, "email_from": "visits@lanternfield.example", "version": policy.get("version", "0")},
    )
    existing = list(owner.pages("/api/v1/message-rules", "rules"))
    day.figures["network"] = {
        "locations": len(PLACES),
        "practitioners": len(CLINICIANS),
        "visit_types": len(VISIT_KINDS),
        "message_rules": [rule["name"] for rule in existing],
    }


def connect_outside_parties(day: Day) -> None:
    """Tell the providers where our side listens, as one does on their websites."""
    public = day.stack.plan.public_url
    day.outside.sms.put("/_sim/config", {"inbound_url": f"{public}/webhooks/sms/{day.cast.tenant_id}"})
    day.outside.cards.put(
        "/_sim/config",
        {
            "webhook_url": f"{public}/webhooks/cards/{day.cast.tenant_id}",
            "webhook_secret": day.stack.plan.secrets.get("card.webhook"),
        },
    )
    payers = {
        insurer.code: {
            "fees": {code: cents * insurer.allows // 100 for code, cents in CHARGES.items()},
            "copay": insurer.copay,
        }
        for insurer in INSURERS
        if insurer.filing_indicator
    }
    day.outside.clearinghouse.put("/_sim/config", {"payers": payers})


def _location(place: Place, billing_entity_id: str) -> Json:
    return {
        "billing_entity_id": billing_entity_id,
        "name": place.name,
        "address": place.address,
        "time_zone": place.time_zone,
        "npi": place.npi,
        "phone": place.phone,
        "place_of_service": "11",
        "clia_number": place.clia_number,
        "hours": [
            {"weekday": weekday, "opens_minute": place.opens, "closes_minute": place.closes} for weekday in range(1, 6)
        ],
    }


def _practitioner(day: Day, clinician: Clinician, account_id: str) -> Json:
    home = next(place for place in PLACES if place.key == clinician.place)
    states = (home.address["state"], *clinician.licensed_elsewhere)
    return {
        "name": {"family": clinician.family, "given": clinician.given},
        "credential": clinician.credential,
        "npi": clinician.npi,
        "taxonomy": clinician.taxonomy,
        "specialties": [clinician.specialty],
        "languages": list(clinician.languages),
        "sex": f"SEX_{clinician.sex}",
        "location_ids": [day.cast.locations[clinician.place]],
        "licences": [
            {
                "state": state,
                "number": f"{state}{clinician.npi[-6:]}",
                "valid_from": day_message(date(2020, 1, 1)),
                "valid_to": day_message(date(2027, 12, 31)),
            }
            for state in states
        ],
        "account_id": account_id,
    }


def _appointment_type(day: Day, kind: VisitKind) -> Json:
    roles: list[Json] = []
    if kind.modality == "MODALITY_IN_PERSON":
        roles.append({"kind": "RESOURCE_KIND_ROOM", "resource_class": "exam"})
    if kind.needs_device:
        roles.append({"kind": "RESOURCE_KIND_EQUIPMENT", "resource_class": "ultrasound"})
    return {
        "code": kind.code,
        "name": kind.name,
        "duration_minutes": kind.minutes,
        "modality": kind.modality,
        "roles": roles,
        "online_bookable": kind.code in {"follow-up", "video-follow-up"},
        "start_every_minutes": 5,
        "practitioner_ids": [
            day.cast.practitioners[clinician.key] for clinician in CLINICIANS if clinician.specialty in kind.specialties
        ],
    }


def _payer(insurer: Insurer) -> Json:
    def rules(starts: date, ends: date | None, supervising: bool) -> Json:
        provider = "CLAIM_PROVIDER_SUPERVISING" if supervising else "CLAIM_PROVIDER_RENDERING"
        effective: Json = {"start": day_message(starts)}
        if ends:
            effective["end"] = day_message(ends)
        return {
            "effective": effective,
            "timely_filing_days": 365 if insurer.kind != "PAYER_KIND_COMMERCIAL" else 180,
            "corrected_filing_days": 180,
            "claim_provider": provider,
            "crosses_over": insurer.crosses_over,
            "sequestration": insurer.sequestration,
            "takes_eligibility_requests": bool(insurer.filing_indicator),
            "video_modifier": insurer.video_modifier if insurer.filing_indicator else "",
            "audio_modifier": "93" if insurer.filing_indicator else "",
            "telehealth_home_place": "10",
            "telehealth_other_place": "02",
            "silence_alarm_days": 45,
        }

    periods = [rules(RULES_FROM, None, supervising=False)]
    if insurer.supervising_from:
        before = date.fromordinal(insurer.supervising_from.toordinal() - 1)
        periods = [
            rules(RULES_FROM, before, supervising=False),
            rules(insurer.supervising_from, None, supervising=True),
        ]
    return {
        "name": insurer.name,
        "kind": insurer.kind,
        "x12_payer_id": insurer.code if insurer.filing_indicator else "",
        "filing_indicator": insurer.filing_indicator,
        "rules": periods,
        "active_from": day_message(RULES_FROM),
    }


def _contract(insurer: Insurer) -> Json:
    return {
        "name": f"{insurer.name} contract",
        "kind": "FEE_SCHEDULE_KIND_CONTRACT",
        "payer_code": insurer.code,
        "effective_from": day_message(RULES_FROM),
        "fees": [
            {"procedure": code, "amount": dollars(cents * insurer.allows // 100)} for code, cents in CHARGES.items()
        ],
    }
