"""Schedule and Slot, and ``Appointment/$find`` (IHE ITI-115): what is free."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Response

from chassis.errors import NotFound
from chassis.protos import date_message
from gateway.edge import Exchange
from gateway.fhir import operations, visits
from gateway.fhir.clinic import Clinic, link, parameters_of
from gateway.fhir.outcome import fhir_response, issue, operation_outcome
from gateway.fhir.references import ScheduleId
from gateway.fhir.search import Query, ignored_outcome, lenient

SCHEDULE_PARAMETERS = ("_id", "actor", "_count")
SLOT_PARAMETERS = (
    "service-type",
    "schedule",
    "schedule.actor",
    "practitioner",
    "location",
    "start",
    "status",
    "_count",
)
FIND_PARAMETERS = (
    "start",
    "end",
    "specialty",
    "visit-type",
    "practitioner",
    "location-reference",
    "patient-reference",
    "_count",
)
# Parts of ITI-115 that narrow nothing here; that they were not looked at is said in the answer.
FIND_NOT_LOOKED_AT = (
    "organization", "location-string", "patient-resource", "reason", "referral-identifier", "timing", "insurance-reference",
)  # fmt: skip
MOST_TYPES = 10
MOST_DAYS = 120
# A location's day may be another than UTC's.
A_DAY = timedelta(days=1)


class Slots:
    """The handlers of what is free."""

    def __init__(self, clinic: Clinic) -> None:
        self._clinic = clinic

    def schedule(self, exchange: Exchange, values: dict[str, str]) -> Response:
        """A Schedule by id: a practitioner who has hours at a location. Raises NotFound."""
        wanted = ScheduleId.read(values["id"])
        if not self._templates(exchange, str(wanted.practitioner_id), str(wanted.location_id)):
            raise NotFound("schedule")
        return fhir_response(visits.schedule(wanted))

    def schedules(self, exchange: Exchange, _values: dict[str, str]) -> Response:
        """Schedules by id or actor."""
        pairs = parameters_of(exchange.request)
        query = Query.of(pairs, SCHEDULE_PARAMETERS, lenient=lenient(exchange.request))
        ids = query.any_of("_id")
        actors = query.uuids("actor", "Practitioner", "Location")
        count = query.count()
        query.refuse()
        found = self._templates(exchange, *_only(actors))
        if ids:
            found = {one for one in found if str(one) in ids}
        resources = [visits.schedule(one) for one in sorted(found, key=str)][:count]
        base = self._clinic.base(exchange.request)
        links, outcome = {"self": link(base, "Schedule", query.used(pairs))}, ignored_outcome(query.ignored)
        return fhir_response(visits.bundle(resources, base, links, total=len(found), outcome=outcome))

    def slots(self, exchange: Exchange, _values: dict[str, str]) -> Response:
        """Free Slots by service type, schedule, practitioner, location and start."""
        pairs = parameters_of(exchange.request)
        query = Query.of(pairs, SLOT_PARAMETERS, lenient=lenient(exchange.request))
        codes = query.codes("service-type", visits.TYPE_SYSTEM)
        statuses = query.any_of("status")
        people, places = _divided([*query.uuids("schedule.actor", "Practitioner", "Location")])
        people += [one for _, one in query.uuids("practitioner", "Practitioner")]
        places += [one for _, one in query.uuids("location", "Location")]
        schedules = [ScheduleId.read(one) for _, one in query.ids("schedule", "Schedule")]
        people += [str(one.practitioner_id) for one in schedules]
        places += [str(one.location_id) for one in schedules]
        begin, end = query.instants("start")
        count = query.count()
        query.refuse()
        kinds = self._kinds(exchange, codes, query, "service-type")
        found: list[Any] = []
        if not statuses or "free" in statuses:
            request = self._search(kinds, people, places, begin, end, count)
            found = list(self._clinic.call(exchange, "SearchSlots", request).slots)
        allowed = {(str(one.practitioner_id), str(one.location_id)) for one in schedules}
        resources = [
            visits.slot(one, kinds[one.appointment_type_id].code, kinds[one.appointment_type_id].name)
            for one in found
            if not allowed or (one.practitioner_id, one.location_id) in allowed
        ]
        base = self._clinic.base(exchange.request)
        links, outcome = {"self": link(base, "Slot", query.used(pairs))}, ignored_outcome(query.ignored)
        return fhir_response(visits.bundle(resources, base, links, total=len(resources), outcome=outcome))

    def find(self, exchange: Exchange, _values: dict[str, str]) -> Response:
        """Proposed Appointments (ITI-115); each can be held and booked by its id."""
        pairs, resources = operations.parameters(exchange.request)
        query = Query.of(pairs, (*FIND_PARAMETERS, *FIND_NOT_LOOKED_AT))
        codes = query.codes("visit-type", visits.TYPE_SYSTEM)
        specialties = [token.rpartition("|")[2] for token in query.any_of("specialty")]
        people = [one for _, one in query.uuids("practitioner", "Practitioner")]
        places = [one for _, one in query.uuids("location-reference", "Location")]
        patients = [one for _, one in query.uuids("patient-reference", "Patient")]
        begin, _ = query.instants("start")
        # An instant ends the period, a day is part of it.
        moment, end_of_day = query.instants("end")
        end = moment if "T" in query.one("end") else end_of_day
        for name in ("start", "end"):
            if not query.one(name):
                query.problems.add(name, "is required")
        for name, given in (("patient-reference", patients), ("specialty", specialties)):
            if len(given) > 1:
                query.problems.add(name, "may be given once")
        count = query.count()
        query.refuse()
        kinds = self._kinds(exchange, codes, query, "visit-type")
        request = self._search(kinds, people, places, begin, end, count)
        request.specialty = specialties[0] if specialties else ""
        request.patient_id = patients[0] if patients else ""
        found = self._clinic.call(exchange, "SearchSlots", request).slots
        proposed = [
            visits.proposed(
                one, kinds[one.appointment_type_id].code, kinds[one.appointment_type_id].name, request.patient_id
            )
            for one in found
        ]
        ignored = sorted({name for name, _ in pairs if name in FIND_NOT_LOOKED_AT} | set(resources))
        outcome = operation_outcome(
            issue("information", "not-supported", f"{name} was not looked at", name) for name in ignored
        )
        base = self._clinic.base(exchange.request)
        links = {"self": f"{base}/Appointment/$find"}
        return fhir_response(
            visits.bundle(proposed, base, links, total=len(proposed), outcome=outcome if ignored else None)
        )

    def _templates(self, exchange: Exchange, practitioner_id: str, location_id: str) -> set[ScheduleId]:
        """Who has hours where."""
        found: set[ScheduleId] = set()
        token = ""
        while True:
            request = self._clinic.request(
                "ListScheduleTemplates",
                practitioner_id=practitioner_id,
                location_id=location_id,
                page_size=500,
                page_token=token,
            )
            answer = self._clinic.call(exchange, "ListScheduleTemplates", request)
            found |= {ScheduleId(UUID(one.practitioner_id), UUID(one.location_id)) for one in answer.templates}
            token = answer.next_page_token
            if not token:
                return found

    def _kinds(self, exchange: Exchange, codes: Sequence[str], query: Query, name: str) -> dict[str, Any]:
        """The types of these codes (none: all there are) by id. Raises InvalidInput for none of them or for too many."""
        kinds = [one for one in self._clinic.types(exchange) if not codes or one.code in codes]
        if codes and not kinds:
            query.problems.add(name, "names no type of visit that is offered")
        if len(kinds) > MOST_TYPES:
            query.problems.add(name, f"must name the types, {MOST_TYPES} at most")
        query.refuse()
        return {one.appointment_type_id: one for one in kinds}

    def _search(
        self,
        kinds: dict[str, Any],
        people: Sequence[str],
        places: Sequence[str],
        begin: datetime | None,
        end: datetime | None,
        count: int,
    ) -> Any:
        request = self._clinic.request(
            "SearchSlots",
            appointment_type_ids=list(kinds),
            practitioner_ids=sorted(set(people)),
            location_ids=sorted(set(places)),
            limit=count,
        )
        if begin is not None:
            request.start_from.CopyFrom(visits.to_timestamp(begin))
            request.dates.start.CopyFrom(date_message((begin - A_DAY).date()))
        if end is not None:
            request.start_to.CopyFrom(visits.to_timestamp(end))
            last = end + A_DAY if begin is None else min(end + A_DAY, begin + (MOST_DAYS - 3) * A_DAY)
            request.dates.end.CopyFrom(date_message(last.date()))
        return request


def _only(actors: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """(practitioner, location) of a search by actors, "" for none."""
    people, places = _divided(actors)
    return (people[0] if people else ""), (places[0] if places else "")


def _divided(actors: Sequence[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """Practitioners' and locations' ids of actors."""
    return (
        [one for kind, one in actors if kind == "Practitioner"],
        [one for kind, one in actors if kind == "Location"],
    )
