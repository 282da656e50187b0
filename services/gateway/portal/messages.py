"""Messages between the patient and the clinic: threads, and one thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from polyclinic.notifications.v1 import conversations_pb2 as conversations

from gateway import errors as problems
from gateway.portal.page import PortalPage
from gateway.portal.words import Known
from gateway.web.calls import Refused
from gateway.web.i18n import N_

THREADS = 30
STATES: Known = {
    conversations.THREAD_STATE_OPEN: ("○", "info", N_("Open")),
    conversations.THREAD_STATE_CLOSED: ("■", "", N_("Closed")),
}


def listing(page: PortalPage) -> Response:
    """The threads, what was said last first."""
    parts = page.together(
        threads=page.ask(
            "Conversations.ListThreads",
            patient_id=page.patient_id,
            page_size=THREADS,
            page_token=page.arg("page_token"),
        ),
        closed=page.ask("Conversations.ListThreads", patient_id=page.patient_id, page_size=THREADS, closed=True),
        pools=_pools(page),
    )
    return page.show(
        "messages/list.html",
        threads=parts["threads"].need(),
        closed=parts["closed"],
        names=names_of(page, parts["pools"].value),
        states=STATES,
    )


def new(page: PortalPage, problem: problems.Problem | None = None) -> Response:
    """The form for a new message."""
    pools = page.call("Conversations.ListPools", page_size=100)
    return page.show(
        "messages/new.html",
        status=problem.status if problem else 200,
        problem=problem,
        names=names_of(page, pools),
    )


def begin(page: PortalPage) -> Response:
    """Sends a new message."""
    try:
        thread = page.submit(
            "Conversations.StartThread", patient_id=page.patient_id, kind=conversations.THREAD_KIND_PATIENT
        )
    except Refused as refused:
        return new(page, refused.problem)
    return page.go(
        f"{page.here}/messages/{thread.thread_id}", page.gettext("Sent. We will write to you when there is an answer.")
    )


def thread(page: PortalPage, problem: problems.Problem | None = None) -> Response:
    """One thread; opening it is reading it."""
    thread_id = page.own("thread_id")
    parts = page.together(thread=page.ask("Conversations.GetThread", thread_id=thread_id), pools=_pools(page))
    found = parts["thread"].need()
    if found.unread:
        page.do("Conversations.MarkThreadRead", thread_id=thread_id)
    return page.show(
        "messages/thread.html",
        status=problem.status if problem else 200,
        problem=problem,
        thread=found,
        names=names_of(page, parts["pools"].value),
        states=STATES,
    )


def reply(page: PortalPage) -> Response:
    """Answers in a thread."""
    thread_id = page.own("thread_id")
    try:
        page.submit("Conversations.ReplyToThread", thread_id=thread_id)
    except Refused as refused:
        return thread(page, refused.problem)
    return page.go(f"{page.here}/messages/{thread_id}", page.gettext("Sent."))


def names_of(page: PortalPage, pools: Any) -> Mapping[str, str]:
    """Code → name of a pool in the reader's language."""
    spanish = page.language.tag[:2] == "es"
    listed = pools.pools if pools is not None else ()
    return {each.code: each.name_es if spanish and each.name_es else each.name_en for each in listed}


def _pools(page: PortalPage) -> Any:
    return page.ask("Conversations.ListPools", page_size=100)
