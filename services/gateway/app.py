"""The Flask application, put together from the contracts. Nothing connects here; channels open at the first call."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask, Response, request
from google.protobuf.descriptor import ServiceDescriptor
from werkzeug.exceptions import HTTPException

from chassis import telemetry
from chassis.clock import monotonic, real_now
from chassis.tls import Certificates
from gateway import errors
from gateway.api import api_handler
from gateway.auth import add_auth
from gateway.console.routes import add_console
from gateway.edge import Edge, Render, request_id
from gateway.fairness import Turns
from gateway.fhir import outcome
from gateway.fhir.routes import Fhir, add_fhir
from gateway.health import add_health
from gateway.identity import Identity
from gateway.limits import Limits
from gateway.openapi.routes import Documentation, add_documentation
from gateway.pages import Pages, add_pages
from gateway.portal.bills import CardEntry
from gateway.portal.routes import add_portal
from gateway.request_log import RequestLog
from gateway.security_headers import with_security_headers
from gateway.sessions import Sessions
from gateway.settings import Settings
from gateway.streams.apart import add_redirects, below_prefix
from gateway.streams.channel import Channels
from gateway.streams.day import DayStream, add_day_stream, revocations
from gateway.streams.signals import SignalStream, add_signal_stream
from gateway.transcoding.call import Backends
from gateway.transcoding.contracts import find_services
from gateway.transcoding.json_out import Renderer
from gateway.transcoding.routes import Binding, collect_bindings, mount
from gateway.transcoding.templates import CONVERTERS
from gateway.video.routes import add_video
from gateway.web.assets import Assets, add_assets
from gateway.webhooks import webhook_handler


def create_app(settings: Settings, services: Sequence[ServiceDescriptor] | None = None) -> Flask:
    """The WSGI application for these services (default: all that the generated package holds)."""
    found = list(services) if services is not None else find_services()
    bindings = collect_bindings(found)
    backends = Backends(settings.addresses, settings.rpc_deadline_seconds, Certificates.of(settings))
    identity = Identity(found, backends)
    sessions = Sessions(
        settings.session_key,
        secure=settings.secure,
        real_seconds=lambda: real_now().timestamp(),
        refresh=identity.refresh,
    )
    # A patient who is signed in to the portal and a colleague at the console share a browser, not a session.
    portal_sessions = Sessions(
        settings.session_key,
        secure=settings.secure,
        real_seconds=lambda: real_now().timestamp(),
        refresh=identity.refresh,
        prefix="polyclinic_portal",
        path="/portal",
    )
    edge = Edge(
        backends=backends,
        verifier=identity.verifier,
        sessions=sessions,
        limits=Limits(
            principal=settings.limit_principal_per_second,
            tenant=settings.limit_tenant_per_second,
            address=settings.limit_address_per_second,
            webhook=settings.limit_webhook_per_second,
            replicas=settings.replicas,
            monotonic=monotonic,
        ),
        turns=Turns(settings.fair_places, monotonic),
        request_log=RequestLog(settings.request_log, real_now),
        trusted_proxies=settings.trusted_proxies,
    )
    app = Flask("gateway", static_folder=None)
    app.url_map.converters.update(CONVERTERS)
    # A redirect would turn a POST into a GET; a path is right or it is not there.
    app.url_map.merge_slashes = False
    app.extensions["polyclinic.backends"] = backends
    if settings.gateway_role in ("all", "api"):
        add_bindings(app, edge, bindings, settings)
        add_auth(app, edge, identity, sessions)
        add_fhir(app, edge, Fhir(found, settings.public_url))
        documentation = Documentation(bindings, settings.public_url)
        add_documentation(app, edge, documentation)
        add_pages(app, edge, Pages(documentation, settings.public_url))
        assets = Assets()
        add_assets(app, edge, assets)
        add_console(app, edge, found, assets, sessions)
        add_video(app, edge, found, assets, settings.public_url)
        cards = CardEntry(settings.card_browser_url, settings.card_publishable_key)
        add_portal(app, edge, found, assets, portal_sessions, cards, settings.public_url)
    if settings.gateway_role in ("all", "streams"):
        _add_streams(app, edge, found, identity, settings)
    else:
        add_redirects(app)
    add_health(app, routes=len(bindings))
    _handle_errors(app)
    app.wsgi_app = with_security_headers(app.wsgi_app, secure=settings.secure)  # type: ignore[method-assign, assignment]
    telemetry.logger(__name__).info("contracts", services=len(found), bindings=len(bindings))
    return app


def add_bindings(app: Flask, edge: Edge, bindings: Sequence[Binding], settings: Settings) -> None:
    """One URL rule per REST binding."""
    renderer = Renderer()
    for binding in bindings:
        webhook = binding.rpc.webhook
        handler = webhook_handler(binding, settings.public_url) if webhook else api_handler(binding, renderer)
        app.add_url_rule(
            mount(binding.path.rule, webhook),
            f"{binding.verb} {binding.url}",
            edge.view(handler, binding.url, rpc=binding.rpc.full_name, public=binding.rpc.public, webhook=webhook),
            methods=[binding.verb],
            provide_automatic_options=False,
        )


def _add_streams(
    app: Flask, edge: Edge, services: Sequence[ServiceDescriptor], identity: Identity, settings: Settings
) -> None:
    channels = Channels(settings, settings.max_streams, lambda: real_now().timestamp())
    channels.on_start(lambda bus: revocations(bus, channels, identity.verifier))
    add_day_stream(app, edge, DayStream(services, channels, identity))
    add_signal_stream(app, edge, SignalStream(services, channels))
    app.extensions["polyclinic.streams"] = channels
    app.wsgi_app = below_prefix(app.wsgi_app)  # type: ignore[method-assign]


def _handle_errors(app: Flask) -> None:
    """What no view answers: unknown paths, methods a path does not take, and bugs before a view began."""

    def http(error: HTTPException) -> Response:
        return told(errors.from_http(error))

    def other(error: Exception) -> Response:
        return told(errors.incident(error))

    def told(problem: errors.Problem) -> Response:
        number = request_id(request.headers)
        response = _renderer()(problem, number)
        response.headers["X-Request-Id"] = number
        return response

    app.register_error_handler(HTTPException, http)
    app.register_error_handler(Exception, other)


def _renderer() -> Render:
    """Below /fhir even an unknown path is told as an OperationOutcome."""
    return outcome.respond if request.path.startswith("/fhir") else errors.respond
