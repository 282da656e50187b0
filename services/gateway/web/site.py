"""Handlers of pages → Flask views: sessions, error pages, languages. One table of routes makes one site."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import grpc
from flask import Flask, Response, g, request
from google.protobuf.descriptor import ServiceDescriptor
from werkzeug.exceptions import HTTPException

from chassis import errors
from gateway import errors as problems
from gateway.edge import Edge, Exchange
from gateway.sessions import Sessions
from gateway.web.assets import Assets
from gateway.web.calls import Refused, Rpcs
from gateway.web.i18n import Languages
from gateway.web.page import Page
from gateway.web.templating import environment

# Takes the site's own kind of page.
Handler = Callable[[Any], Response]


@dataclass(frozen=True)
class Route:
    """One address of a site."""

    verb: str
    # ``/console/patients/{patient_id}``
    path: str
    handler: Handler
    # Anybody may see it; otherwise whoever is not signed in is led to the sign-in page.
    public: bool = False
    # The RPC (``Service.Method``) that the page is about: whoever may not call it is told so at once. Empty: the page's first call says it.
    needs: str = ""

    @property
    def address(self) -> str:
        """``GET /console/today``."""
        return f"{self.verb} {self.path}"


# A site's addresses are tables of routes, one a noun, written with `get` and `post` and read like a table of contents.
Table = Sequence[Route]


def get(path: str, handler: Handler, needs: str = "") -> Route:
    """A page that is shown."""
    return Route("GET", path, handler, needs=needs)


def post(path: str, handler: Handler, needs: str = "") -> Route:
    """A form that is sent."""
    return Route("POST", path, handler, needs=needs)


def public(table: Table) -> Table:
    """The same routes, open to anybody."""
    return tuple(replace(each, public=True) for each in table)


def under(prefix: str, table: Table) -> Table:
    """The same routes behind a prefix."""
    return tuple(replace(each, path=prefix + each.path) for each in table)


# The request's path → the site's page where whoever is not signed in goes.
SignIn = Callable[[str], str]
# (exchange, values of the path, RPCs, templates, languages, sections) → the page, as `Page` itself is made.
MakePage = Callable[..., Page]
# What a site asks of whoever opens a page that is not public, with the site's own kind of page. Raises what refuses them.
Admit = Callable[[Any], None]
Sections = Callable[[Any], Sequence[tuple[str, str, str]]]


def staff_only(page: Page) -> None:
    """Patients have a site of their own. Raises PermissionDenied."""
    if page.exchange.principal is not None and page.exchange.principal.kind == "patient":
        raise errors.PermissionDenied


class Site:
    """One site: its templates, its sign-in page, its routes; and, when it has its own, its sessions."""

    def __init__(
        self,
        services: Iterable[ServiceDescriptor],
        assets: Assets,
        folders: Sequence[Path],
        sign_in: SignIn,
        sections: Sections,
        *,
        admit: Admit = staff_only,
        make_page: MakePage = Page,
        sessions: Sessions | None = None,
    ) -> None:
        self._rpcs = Rpcs(services)
        self._languages = Languages()
        self._sign_in = sign_in
        self._sections = sections
        self._templates = environment(folders, assets)
        self._admit, self._make_page, self._sessions = admit, make_page, sessions

    def add(self, app: Flask, edge: Edge, routes: Iterable[Route]) -> None:
        """Adds the routes."""
        for route in routes:
            rule = re.sub(r"{(\w+)}", r"<segment:\1>", route.path)
            view = edge.view(
                self._view(route),
                route.path,
                public=route.public,
                forms=True,
                sessions=self._sessions,
                render=self._refused,
            )
            app.add_url_rule(rule, route.address, view, methods=[route.verb], provide_automatic_options=False)

    def _view(self, route: Route) -> Callable[[Exchange, dict[str, str]], Response]:
        def handle(exchange: Exchange, values: dict[str, str]) -> Response:
            page = self._make_page(exchange, values, self._rpcs, self._templates, self._languages, self._sections)
            try:
                if not route.public:
                    self._admit(page)
                    if route.needs and not page.may(route.needs):
                        raise errors.PermissionDenied
                return route.handler(page)
            except Refused as refused:
                return self._problem(page, refused.problem)
            except errors.Error as error:
                return self._problem(page, problems.from_error(error))
            except grpc.RpcError as error:
                return self._problem(page, problems.from_rpc(error))
            except HTTPException as error:
                return self._problem(page, problems.from_http(error))
            except Exception as error:  # noqa: BLE001  (the last place before the wire: an incident number, never a traceback)
                return self._problem(page, problems.incident(error))

        return handle

    def _problem(self, page: Page, problem: problems.Problem) -> Response:
        if problem.status == 401:
            return self._to_sign_in()
        return page.show("problem.html", status=problem.status, problem=problem)

    def _refused(self, problem: problems.Problem, request_id: str) -> Response:
        """What the door itself refuses: nobody signed in, a foreign form, too many requests."""
        if problem.status == 401:
            return self._to_sign_in()
        if problem.reason == "CSRF_TOKEN_REQUIRED" and request.path == self._sign_in(request.path):
            # The form is of a time before somebody else signed in here: the new one knows.
            return Response(status=303, headers={"Location": request.path})
        bare = Exchange(request, request_id, "", None)  # type: ignore[arg-type]
        page = self._make_page(bare, {}, self._rpcs, self._templates, self._languages, self._sections)
        return page.show("problem.html", status=problem.status, problem=problem)

    def _to_sign_in(self) -> Response:
        """Leads to the sign-in page and from there back to where the person was."""
        here = request.full_path.rstrip("?") if request.method == "GET" else _referrer()
        sign_in = self._sign_in(request.path)
        url = f"{sign_in}?next={quote(here, safe='/')}&ended=1"
        if request.headers.get("HX-Request"):
            current = request.headers.get("HX-Current-URL", "")
            path = "/" + current.split("/", 3)[3] if current.count("/") >= 3 else here
            return Response(status=200, headers={"HX-Redirect": f"{sign_in}?next={quote(path, safe='/')}&ended=1"})
        response = Response(status=303, headers={"Location": url})
        g.pop("reader", None)
        return response


def _referrer() -> str:
    """The page a form was sent from, when the browser says (pages ask for their own origin's to be said)."""
    origin, path = request.host_url, request.headers.get("Referer", "")
    return "/" + path.removeprefix(origin) if path.startswith(origin) else ""
