"""A calendar feed as a calendar program reads it: over HTTP, without a token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from icalendar import Calendar

from chassis.ids import uuid7
from chassis.principal import Principal
from scheduling.usecases.feeds import uid_of
from tests.scheduling.clinic import at, open_clinic


def test_a_feed_is_read_at_its_path_by_anybody_who_knows_it(
    gateway: Callable[..., FlaskClient], service_harness: Callable[..., Any]
) -> None:
    """The path that making a feed answers is read without a token as text/calendar; another path is not there."""
    clinic = open_clinic(service_harness("scheduling"))
    visit = clinic.book(at(clinic.day(1), 10))
    client = gateway(addresses={"scheduling": f"127.0.0.1:{clinic.harness.service.port}"})
    staff = Principal(
        kind="user", id=str(uuid7()), name="Ada", tenant_id=clinic.tenant_id, permissions=frozenset({"*"})
    )
    made = client.post(
        "/api/v1/calendar-feeds",
        json={"practitioner_id": str(clinic.practitioner_ids[0])},
        headers={"Authorization": f"Bearer {clinic.harness.token(staff)}", "Idempotency-Key": "feed-1"},
    )
    assert made.status_code == 200, made.json
    read = client.get(made.json["path"])
    assert (read.status_code, read.content_type) == (200, "text/calendar; charset=utf-8")
    (event,) = Calendar.from_ical(read.data).walk("VEVENT")
    assert str(event["uid"]) == uid_of(UUID(visit.appointment_id))
    assert client.get(made.json["path"].replace("/calendar.ics", "x/calendar.ics")).status_code == 404
