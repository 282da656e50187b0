"""Messages: the inbox of a person or pool, one thread, a new one from any patient's page, a phone note, the whole log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response
from polyclinic.notifications.v1 import conversations_pb2 as conversations

from chassis import errors
from chassis.errors import Violation
from chassis.protos import timestamp
from gateway import errors as problems
from gateway.console import words, words_talk
from gateway.console.patients import banner
from gateway.web import formats
from gateway.web.calls import Refused
from gateway.web.dates import read_date
from gateway.web.i18n import N_
from gateway.web.lists import Column, Filter, paged
from gateway.web.page import PAGE_SIZE, Page

# What is typed as a day is due at the end of its working hours.
END_OF_DAY = time(17, 0)
BOXES = {"mine": N_("Mine"), "all": N_("All"), "overdue": N_("Overdue"), "closed": N_("Closed")}


THREADS = (
    Column("due", N_("Due"), "due_time"),
    Column("patient", N_("Patient"), "patient_id"),
    Column("subject", N_("Subject"), "subject", searched=True),
    Column("for", N_("For"), lambda each: each.assignee_name or each.pool, searched=True),
    Column("last_written", N_("Last written"), "last_message_at"),
    Column("by", N_("By"), "last_author", searched=True, shown=False),
)


def inbox(page: Page) -> Response:
    """Open threads, what is due first on top: mine, a pool's, everybody's; or the closed ones."""
    box, pool = page.arg("box") or ("" if page.arg("pool") else "mine"), page.arg("pool")
    parts = page.together(
        counts=page.ask("Conversations.CountThreads"),
        pools=page.ask("Conversations.ListPools", page_size=100),
        forms=page.ask("Intake.ListFormResponses", state=2, page_size=PAGE_SIZE),
    )
    counts, pools = parts["counts"].value, pool_names(page, parts["pools"].value)
    waiting = {each.pool: each.open for each in counts.pools} if counts is not None else {}
    choices = [(code, f"{name} ({waiting.get(code, 0)})") for code, name in pools.items()]
    listing = paged(
        page,
        "messages",
        "Conversations.ListThreads",
        "threads",
        THREADS,
        [Filter("pool", N_("Pool"), choices, N_("Every pool"))],
        hidden={"box": box},
        assignee_id=page.user.id if box == "mine" else "",
        pool=pool,
        closed=box == "closed",
        overdue_only=box == "overdue",
    )
    if page.arg("format") == "csv":
        return listing.csv()
    return page.show(
        "messages/inbox.html",
        listing=listing,
        counts=counts,
        pools=pools,
        people=names_of(page, {each.patient_id for each in listing.rows}),
        forms=parts["forms"],
        box=box,
        boxes=BOXES,
        words=words,
        talk=words_talk,
    )


def thread(page: Page, problem: problems.Problem | None = None) -> Response:
    """One thread with its patient's banner; opening it is reading it."""
    thread_id = page.values["thread_id"]
    found = page.call("Conversations.GetThread", thread_id=thread_id)
    if found.unread:
        page.do("Conversations.MarkThreadRead", thread_id=thread_id)
    head, parts = banner(
        page,
        found.patient_id,
        pools=page.ask("Conversations.ListPools", page_size=100),
        practitioners=page.ask("Identity.ListPractitioners", page_size=500),
    )
    return page.show(
        "messages/thread.html",
        status=problem.status if problem else 200,
        problem=problem,
        banner=head,
        tab="messages",
        thread=found,
        pools=pool_names(page, parts["pools"].value),
        staff=staff_of(page, parts["practitioners"].value),
        words=words,
        talk=words_talk,
    )


def new(page: Page, problem: problems.Problem | None = None) -> Response:
    """A new message about a patient: to the patient, to a colleague or pool, or the note of a call."""
    head, parts = banner(
        page,
        page.values["patient_id"],
        pools=page.ask("Conversations.ListPools", page_size=100),
        practitioners=page.ask("Identity.ListPractitioners", page_size=500),
    )
    return page.show(
        "messages/new.html",
        status=problem.status if problem else 200,
        problem=problem,
        banner=head,
        tab="messages",
        kind=page.sent("kind") or page.arg("kind") or "THREAD_KIND_PATIENT",
        pools=pool_names(page, parts["pools"].value),
        staff=staff_of(page, parts["practitioners"].value),
        words=words,
        talk=words_talk,
    )


def begin(page: Page) -> Response:
    """Sends it."""
    patient_id = page.values["patient_id"]
    try:
        made = page.submit("Conversations.StartThread", patient_id=patient_id, **_assignee(page), **_due(page))
    except Refused as refused:
        return new(page, refused.problem)
    note = made.kind == conversations.THREAD_KIND_PHONE_NOTE
    return page.go(
        f"/console/patients/{patient_id}/messages", page.gettext("Noted.") if note else page.gettext("Sent.")
    )


def reply(page: Page) -> Response:
    """Answers in a thread."""
    thread_id = page.values["thread_id"]
    try:
        page.submit("Conversations.ReplyToThread", thread_id=thread_id)
    except Refused as refused:
        return thread(page, refused.problem)
    return page.go(f"/console/messages/{thread_id}", page.gettext("Sent."))


def assign(page: Page) -> Response:
    """Gives a thread to a pool or a person, with a day on which it is due."""
    thread_id = page.values["thread_id"]
    try:
        page.submit("Conversations.AssignThread", thread_id=thread_id, **_assignee(page), **_due(page))
    except Refused as refused:
        return thread(page, refused.problem)
    return page.go(f"/console/messages/{thread_id}", page.gettext("Passed on."))


def close(page: Page) -> Response:
    """Nothing is to be done any more."""
    thread_id = page.values["thread_id"]
    page.submit("Conversations.CloseThread", thread_id=thread_id)
    return page.go("/console/messages", page.gettext("Closed."), undo=f"/console/messages/{thread_id}/reopen")


def reopen(page: Page) -> Response:
    """There is something to do after all."""
    thread_id = page.values["thread_id"]
    page.submit("Conversations.ReopenThread", thread_id=thread_id)
    return page.go(f"/console/messages/{thread_id}", page.gettext("Open again."))


def log(page: Page) -> Response:
    """All that passed between a patient and the clinic, the newest first."""
    patient_id = page.values["patient_id"]
    if page.arg("format") == "csv":
        found = page.pages("Conversations.ListCommunications", "communications", patient_id=patient_id)
        rows = (
            [
                each.at.ToJsonString(),
                page.label(words_talk.PASSED_WORDS, each.kind),
                each.author,
                each.subject,
                each.text,
            ]
            for each in found
        )
        return page.csv("communications", ["at", "kind", "who", "subject", "text"], rows)
    head, parts = banner(
        page,
        patient_id,
        passed=page.ask(
            "Conversations.ListCommunications",
            patient_id=patient_id,
            page_size=PAGE_SIZE,
            page_token=page.arg("page_token"),
        ),
    )
    return page.show(
        "messages/log.html", banner=head, tab="messages", passed=parts["passed"].need(), words=words, talk=words_talk
    )


# ---- parts


def pool_names(page: Page, pools: Any) -> dict[str, str]:
    """Code → name of each active pool, in the reader's language."""
    spanish = page.language.tag[:2] == "es"
    listed = pools.pools if pools is not None else ()
    return {each.code: each.name_es if spanish and each.name_es else each.name_en for each in listed if each.active}


def staff_of(page: Page, practitioners: Any) -> dict[str, str]:
    """Account → name of the people a message may be given to: oneself and the clinicians who sign in."""
    listed = practitioners.practitioners if practitioners is not None else ()
    found = {each.account_id: formats.full_name(each.name) for each in listed if each.account_id and each.active}
    return {page.user.id: page.user.name or page.gettext("Me"), **found}


def names_of(page: Page, patient_ids: set[str]) -> Mapping[str, str]:
    """Patient → name, of as many as may be asked for at once."""
    wanted = sorted(patient_ids)
    found: dict[str, str] = {}
    for start in range(0, len(wanted), 8):
        asks = {
            f"p{n}": page.ask("PatientRegistry.GetPatient", patient_id=each)
            for n, each in enumerate(wanted[start : start + 8])
        }
        for part in page.together(**asks).values():
            if part.value is not None:
                found[part.value.patient_id] = formats.full_name(part.value.name)
    return found


def _assignee(page: Page) -> dict[str, Any]:
    """The name that goes with the account chosen."""
    account = page.sent("assignee_id")
    if not account:
        return {}
    practitioners = page.together(people=page.ask("Identity.ListPractitioners", page_size=500))["people"].value
    return {"assignee_name": staff_of(page, practitioners).get(account, "")}


def _due(page: Page) -> dict[str, Any]:
    """The instant of a typed day ("t+1"), at the end of its working hours at the location. Raises Refused."""
    typed = page.sent("due")
    if not typed:
        return {}
    day = read_date(typed, page.today)
    if day is None:
        wrong = Violation("due", "must be a date, like 03/14/2026, t+14 or 3w")
        raise Refused(problems.from_error(errors.InvalidInput([wrong])))
    return {"due_time": timestamp(datetime.combine(day, END_OF_DAY, ZoneInfo(page.zone)))}
