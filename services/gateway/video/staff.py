"""What staff see of video visits: the day's list, one visit with its record, links to send, the way in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response
from polyclinic.telehealth.v1 import telehealth_pb2 as pb

from chassis.protos import timestamp
from gateway.video import words
from gateway.web.calls import Refused
from gateway.web.dates import read_date
from gateway.web.page import Page

ROOM = "/video"


class Staff:
    """The staff's pages; links that are sent begin with the installation's public address."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url

    def day(self, page: Page) -> Response:
        """The video visits of a day at the location, by time."""
        when = read_date(page.arg("date"), page.today) or page.today
        zone = ZoneInfo(page.zone)
        begin = datetime.combine(when, time(), zone)
        found = page.call(
            "Telehealth.ListSessions",
            location_id=page.location.location_id if page.location is not None else "",
            start_from=timestamp(begin),
            start_before=timestamp(datetime.combine(when + timedelta(days=1), time(), zone)),
            page_size=200,
        ).sessions
        return page.show(
            "video/day.html",
            when=when,
            found=found,
            visits=_visits(page, [each.appointment_id for each in found]),
            words=words,
        )

    def session(self, page: Page) -> Response:
        """One visit: who is there now, what was agreed, and the record."""
        return self._show(page)

    def join(self, page: Page) -> Response:
        """Leads the clinician into the room; the token goes behind the #, where no server sees it."""
        made = page.do("Telehealth.CreateJoinToken", session_id=page.values["session_id"], role=pb.ROLE_CLINICIAN)
        response = page.go(ROOM)
        response.headers["Location"] = f"{ROOM}#{made.token}"
        return response

    def link(self, page: Page) -> Response:
        """Shows a link to send, to the patient or to a guest. It is shown once and kept nowhere, so it cannot be a page to come back to."""
        guest = page.sent("role") == "guest"
        try:
            made = page.do(
                "Telehealth.CreateJoinToken",
                session_id=page.values["session_id"],
                role=pb.ROLE_GUEST if guest else pb.ROLE_PATIENT,
                display_name=page.sent("display_name") if guest else "",
                as_link=True,
            )
        except Refused as refused:
            return self._show(page, status=refused.problem.status, problem=refused.problem)
        base = self._public_url or page.exchange.request.host_url.rstrip("/")
        made_for = page.sent("display_name") if guest else ""
        return self._show(page, link=f"{base}{ROOM}#{made.token}", link_until=made.expires_at, made_for=made_for)

    def end(self, page: Page) -> Response:
        """Ends the visit for everybody."""
        page.do("Telehealth.EndSession", session_id=page.values["session_id"])
        return page.go(f"/console/video/{page.values['session_id']}", page.gettext("The visit is over."))

    def _show(
        self,
        page: Page,
        *,
        status: int = 200,
        problem: Any = None,
        link: str = "",
        link_until: Any = None,
        made_for: str = "",
    ) -> Response:
        session_id = page.values["session_id"]
        session = page.call("Telehealth.GetSession", session_id=session_id)
        parts = page.together(
            ledger=page.ask("Telehealth.GetLedger", session_id=session_id),
            visits=page.ask("Scheduling.BatchGetAppointments", appointment_ids=[session.appointment_id]),
            encounters=page.ask("Billing.ListEncounters", appointment_ids=[session.appointment_id], page_size=1),
        )
        visits = parts["visits"].value.appointments if parts["visits"].value is not None else ()
        encounters = parts["encounters"].value.encounters if parts["encounters"].value is not None else ()
        return page.show(
            "video/session.html",
            status=status,
            problem=problem,
            session=session,
            visit=next(iter(visits), None),
            encounter=next(iter(encounters), None),
            ledger=parts["ledger"],
            names={each.participant_id: each.display_name for each in session.participants},
            link=link,
            link_until=link_until,
            made_for=made_for,
            words=words,
        )


def _visits(page: Page, appointment_ids: Sequence[str]) -> dict[str, Any]:
    """Appointment → what scheduling knows of it (names of patient, clinician and kind)."""
    if not appointment_ids:
        return {}
    part = page.together(visits=page.ask("Scheduling.BatchGetAppointments", appointment_ids=list(appointment_ids)))
    found = part["visits"].value
    return {each.appointment_id: each for each in found.appointments} if found is not None else {}
