"""One page for one person: what they sent, what they ask of the services, what they are shown."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import jinja2
from babel import Locale, UnknownLocaleError
from flask import Response, g

from chassis import errors
from chassis.clock import real_now
from chassis.errors import Violation
from chassis.ids import uuid7
from chassis.principal import Principal
from gateway import errors as problems
from gateway.edge import Exchange, idempotency_key
from gateway.web import formats, places
from gateway.web.calls import Ask, Caller, Part, Refused, Rpcs
from gateway.web.forms import Reading, read_form, sent_values
from gateway.web.i18n import Language, Languages

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A PDF is shown by the browser's own viewer, which a sandbox would keep from running.
FILE_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
LANGUAGE_COOKIE, FLASH_COOKIE = "polyclinic_language", "polyclinic_flash"
YEAR_SECONDS = 31_536_000
CSV_ROWS = 10_000
PAGE_SIZE = 50
MOST_AT_ONCE = 500


class Page:
    """What a handler works with. Also the reader of the templates (``reader``)."""

    def __init__(
        self,
        exchange: Exchange,
        values: dict[str, str],
        rpcs: Rpcs,
        templates: jinja2.Environment,
        languages: Languages,
        sections: Callable[[Page], Sequence[tuple[str, str, str]]],
    ) -> None:
        self.exchange = exchange
        self.values = values
        self._sections = sections
        self._caller = Caller(rpcs, exchange)
        self._templates = templates
        incoming = exchange.request
        accepted = [tag for tag, _ in incoming.accept_languages]
        self._speaks = languages
        self.language: Language = languages.choose(incoming.cookies.get(LANGUAGE_COOKIE, ""), accepted)
        self._cookies: list[tuple[str, str, int | None]] = []
        g.reader = self

    # --- who and where ------------------------------------------------------------------------------------------------

    @property
    def user(self) -> Principal:
        """The person signed in. Raises Unauthenticated."""
        if self.exchange.principal is None:
            raise errors.Unauthenticated
        return self.exchange.principal

    @property
    def signed_in(self) -> bool:
        return self.exchange.session is not None and self.exchange.principal is not None

    def may(self, name: str) -> bool:
        """Whether the person may call ``Service.Method``; decides what is shown, never what is allowed."""
        return self._caller.may(name)

    @cached_property
    def locations(self) -> Sequence[Any]:
        """The active locations the person works at, by name. Empty when identity does not answer."""
        part = self.together(locations=self.ask("Identity.ListLocations", page_size=500))["locations"]
        found = part.value.locations if part.value is not None else ()
        mine = {str(each) for each in self.user.location_ids}
        return sorted(
            (each for each in found if each.active and (not mine or each.location_id in mine)),
            key=lambda each: str(each.name),
        )

    @cached_property
    def location(self) -> Any:
        """Where the person works now: asked for in the URL, else as they chose last in this browser, else the first. None without any."""
        cookie = self.exchange.request.cookies.get(places.COOKIE, "")
        wished = self.exchange.request.args.get("location") or places.last_place(cookie, self.user.id)
        found = next((each for each in self.locations if each.location_id == wished), None)
        if found is not None and self.exchange.request.args.get("location"):
            self.remember(places.COOKIE, places.with_place(cookie, self.user.id, found.location_id))
        return found or next(iter(self.locations), None)

    @cached_property
    def zone(self) -> str:
        """The IANA zone that times are shown in: the location's."""
        return self.location.time_zone if self.signed_in and self.location is not None else "UTC"

    @cached_property
    def now(self) -> datetime:
        """The real instant. Business time comes with the services' answers (``as_of``)."""
        return real_now()

    @cached_property
    def today(self) -> date:
        """Today at the location."""
        return self.now.astimezone(ZoneInfo(self.zone)).date()

    @cached_property
    def sections(self) -> Sequence[tuple[str, str, str]]:
        """What the person finds at the side of every page: (address, icon, marked text)."""
        return self._sections(self)

    def zone_name(self, zone: str) -> str:
        """``Mountain Time``."""
        return formats.zone_name(zone, self.language.locale, self.now)

    def zone_short(self, zone: str) -> str:
        """``MST``."""
        return formats.zone_short(zone, self.now)

    def language_name(self, tag: str) -> str:
        """``Spanish``, in the reader's language; the tag itself when it is none."""
        try:
            name = Locale.parse(tag.replace("-", "_")).get_language_name(self.language.locale)
        except (ValueError, UnknownLocaleError):
            return tag
        return (name or tag).capitalize()

    # --- what was sent ------------------------------------------------------------------------------------------------

    @property
    def method(self) -> str:
        return self.exchange.request.method

    @property
    def path(self) -> str:
        return self.exchange.request.path

    def arg(self, name: str, default: str = "") -> str:
        """A query parameter, trimmed."""
        return self.exchange.request.args.get(name, default).strip()

    def sent(self, name: str, default: str = "") -> str:
        """A form's field, trimmed."""
        return self.exchange.request.form.get(name, default).strip()

    def read(self, name: str, /, **fixed: Any) -> Reading:
        """The request of ``Service.Method`` from the form's fields, with values the page itself knows (dots are ``__``)."""
        known = {path.replace("__", "."): value for path, value in fixed.items()}
        return read_form(self._caller.request_class(name), self.exchange.request.form, self.today, known)

    # --- asking the services --------------------------------------------------------------------------------------------

    @staticmethod
    def ask(name: str, /, **fields: Any) -> Ask:
        """One call of `together`."""
        return Ask(name, fields)

    def call(self, name: str, /, **fields: Any) -> Any:
        """One answer. Raises Refused."""
        return self._caller.call(Ask(name, fields))

    def together(self, **asks: Ask) -> dict[str, Part]:
        """Several answers at once (eight at most), each failing alone."""
        return self._caller.together(asks)

    def pages(
        self, name: str, items: str, /, limit: int = CSV_ROWS, size: int = MOST_AT_ONCE, **fields: Any
    ) -> Iterable[Any]:
        """All entries of a list, page after page of ``size`` (the most that its RPC gives), up to a limit."""
        token, count = "", 0
        while True:
            answer = self.call(name, page_size=size, page_token=token, **fields)
            for each in getattr(answer, items):
                if count >= limit:
                    return
                count += 1
                yield each
            token = answer.next_page_token
            if not token:
                return

    def do(self, name: str, /, **fields: Any) -> Any:
        """One change, under the form's idempotency key. Raises Refused."""
        return self._caller.call(Ask(name, fields), self._key(name))

    def submit(self, name: str, /, *, keyed: bool = True, **fixed: Any) -> Any:
        """Reads the form into the request of ``Service.Method`` and sends it under the form's key; what only tries (a preview, a
        dry run) is ``keyed=False``, so that the same form may then do it.

        Raises Refused; its violations name the form's inputs, whether the form or the service found them.
        """
        reading = self.read(name, **fixed)
        if reading.violations:
            raise Refused(problems.from_error(errors.InvalidInput(reading.violations)))
        return self.send(name, reading, keyed=keyed)

    def send(self, name: str, reading: Reading, *, keyed: bool = True) -> Any:
        """Sends a request that was read before. Raises Refused, with the form's own field names."""
        try:
            return self._caller.call(Ask(name, {}, reading.message), self._key(name) if keyed else self.new_key())
        except Refused as refused:
            found = refused.problem
            names = list(self.exchange.request.form)
            told = tuple(
                Violation(input_of(reading.back(each.field), names), each.message) for each in found.violations
            )
            raise Refused(problems.Problem(**{**_fields(found), "violations": told})) from None

    def _key(self, name: str) -> str:
        """The form's key, apart for each RPC that one form leads to."""
        key = self.sent("idempotency_key")
        if key:
            return f"{key}:{name}"
        return idempotency_key(self.exchange.request.headers)

    # --- what is shown --------------------------------------------------------------------------------------------------

    def gettext(self, text: str, **values: Any) -> str:
        """A text in the reader's language."""
        found = self.language.texts.gettext(text)
        return found % values if values else found

    def label(self, table: Mapping[Any, str], value: Any) -> str:
        """The word for a value, from a table of marked texts; the value itself when there is none."""
        return self.gettext(table[value]) if value in table else str(value)

    @staticmethod
    def plain(known: Mapping[Any, tuple[str, str, str]]) -> dict[Any, str]:
        """Only the words of a table of (sign, kind, word), for `label`."""
        return {value: told[2] for value, told in known.items()}

    @staticmethod
    def spoken(rpc: str) -> str:
        """An RPC as people read it: ``…Billing/GetAccount`` → ``Get account``."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", rpc.rsplit("/", 1)[-1]).capitalize()

    def show(
        self, template: str, /, *, status: int = 200, problem: problems.Problem | None = None, **context: Any
    ) -> Response:
        """Renders a template. htmx gets the one block it has a place for, everybody else the page.

        After a POST the inputs show what was sent and, with ``problem``, what is wrong with it.
        """
        found = self._templates.get_template(template)
        sent = sent_values(self.exchange.request.form) if self.method == "POST" else {}
        violations = {each.field: each.message for each in problem.violations} if problem is not None else {}
        context |= {"page": self, "problem": problem, "flash": self.flash}
        self.form_values, self.form_violations = sent, violations
        block = self.exchange.request.headers.get("HX-Target", "").replace("-", "_")
        if self.exchange.request.headers.get("HX-Request") and block in found.blocks:
            html = "".join(found.blocks[block](found.new_context(context)))
            ui: Any = self._templates.globals["ui"]
            html += ui.flash(self.flash, True) if self.flash else ""
        else:
            html = found.render(context)
        # htmx swaps no answer that is an error; the form with its errors is what should be seen.
        status = 200 if self.exchange.request.headers.get("HX-Request") and status in (400, 409, 422) else status
        return self.finish(Response(html, status=status, content_type="text/html; charset=utf-8"))

    def finish(self, response: Response) -> Response:
        """Puts the page's policy and cookies on an answer."""
        response.headers.setdefault("Content-Security-Policy", POLICY)
        # Pages know where a form came from, nobody else does.
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Vary"] = "HX-Request, HX-Target, Cookie, Accept-Language"
        sessions = self.exchange.sessions
        secure = self.exchange.request.is_secure or (sessions is not None and sessions.secure)
        for name, value, seconds in self._cookies:
            response.set_cookie(
                name,
                value,
                max_age=seconds,
                httponly=True,
                samesite="Lax",
                secure=secure,
                path="/",
            )
        return response

    def go(self, path: str, text: str = "", *, undo: str = "", **query: str) -> Response:
        """Leads on after a change (303), with a word about what was done and, where it can be, the way to undo it."""
        if text:
            body = json.dumps({"text": text, "undo": undo}).encode()
            self.remember(FLASH_COOKIE, base64.urlsafe_b64encode(body).decode(), None)
        url = f"{path}?{urlencode(query)}" if query else path
        response = Response(status=303, headers={"Location": url})
        return self.finish(response)

    def csv(self, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
        """A list as a spreadsheet's file. A cell that a spreadsheet would run as a formula is told as text."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(header)
        for row in rows:
            writer.writerow([_harmless(str(each)) for each in row])
        response = Response("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return self.finish(response)

    def file(self, body: Any, name: str) -> Response:
        """A document as a service gave it (HttpBody), shown by the browser."""
        response = Response(body.data, content_type=body.content_type)
        response.headers["Content-Disposition"] = f'inline; filename="{name}"'
        response.headers["Content-Security-Policy"] = FILE_POLICY
        return self.finish(response)

    def attachment(self, content: bytes, name: str, content_type: str) -> Response:
        """A file to be kept by the browser."""
        response = Response(content, content_type=content_type)
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return self.finish(response)

    def text(self, body: Any) -> Response:
        """A file of X12 or the like, one segment a line, as plain text."""
        content = body.data.decode("utf-8", "replace").replace("\r", "").replace("\n", "").replace("~", "~\n")
        return self.finish(Response(content, content_type="text/plain; charset=utf-8"))

    def remember(self, cookie: str, value: str, seconds: int | None = YEAR_SECONDS) -> None:
        """Sets a cookie with the answer; without ``seconds`` it ends with the browser."""
        self._cookies.append((cookie, value, seconds))

    @cached_property
    def flash(self) -> dict[str, str]:
        """What the last change has to say; shown once."""
        raw = self.exchange.request.cookies.get(FLASH_COOKIE, "")
        if not raw:
            return {}
        self.remember(FLASH_COOKIE, "", 0)
        try:
            told = json.loads(base64.urlsafe_b64decode(raw))
            undo = str(told["undo"])
            return {
                "text": str(told["text"]),
                "undo": undo if undo.startswith("/") and not undo.startswith("//") else "",
            }
        except (ValueError, KeyError, TypeError):
            return {}

    @property
    def csrf(self) -> str:
        """What a form proves itself with."""
        return self.exchange.session.csrf if self.exchange.session is not None else ""

    @staticmethod
    def new_key() -> str:
        """A new idempotency key, one for each form that is shown."""
        return str(uuid7())

    def url(self, **changes: Any) -> str:
        """This page's address with other parameters; an empty one is left out."""
        query = {name: value for name, value in self.exchange.request.args.items() if name != "page_token"}
        query |= {name: str(value) for name, value in changes.items()}
        kept = {name: value for name, value in query.items() if value}
        return f"{self.path}?{urlencode(kept)}" if kept else self.path

    # What was sent and what is wrong with it, by input; empty unless a form was refused.
    form_values: Mapping[str, Sequence[str]]
    form_violations: Mapping[str, str]
    # A refusal that the page itself says, above what it shows.
    refusal: problems.Problem | None = None


def input_of(path: str, names: Sequence[str]) -> str:
    """The form's input that a violation is about. A service that checks a changed resource whole names the field within it."""
    ends = [name for name in names if name.endswith(f".{path}")]
    return ends[0] if path not in names and len(ends) == 1 else path


def _fields(problem: problems.Problem) -> dict[str, Any]:
    return {name: getattr(problem, name) for name in problem.__dataclass_fields__}


def _harmless(text: str) -> str:
    return (
        f"'{text}"
        if text.startswith(("=", "+", "-", "@", "\t")) and not text.lstrip("+-").replace(".", "").isdigit()
        else text
    )
