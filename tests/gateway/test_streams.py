"""Event streams over a real NATS: what changed on a location's day, and the signals of a video visit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from polyclinic.identity.v1 import events_pb2 as identity_events
from polyclinic.scheduling.v1 import events_pb2 as scheduling_events
from polyclinic.telehealth.v1 import telehealth_pb2

from chassis import errors
from chassis.bus import Bus
from chassis.clock import real_now
from chassis.settings import Secret, ServiceSettings, Url
from gateway.settings import Settings
from gateway.streams.channel import QUEUE_LENGTH, Channel, Channels, event
from tests.gateway.backend import Backend


def bus_of(name: str, nats_server: Any) -> Bus:
    """A service's own connection to NATS, with its streams."""
    settings = ServiceSettings(
        database_url=Secret(""),
        database_worker_url=Secret(""),
        nats_url=Url(nats_server.url(name)),
        nats_user=name,
        nats_password=Secret(nats_server.password(name)),
    )
    bus = Bus(name, settings)
    bus.start()
    assert bus.wait_connected(5)
    return bus


@pytest.fixture(scope="module")
def scheduling(nats_server: Any) -> Iterator[Bus]:
    bus = bus_of("scheduling", nats_server)
    yield bus
    bus.stop()


@pytest.fixture(scope="module")
def identity(nats_server: Any) -> Iterator[Bus]:
    bus = bus_of("identity", nats_server)
    yield bus
    bus.stop()


@pytest.fixture(scope="module")
def telehealth(nats_server: Any) -> Iterator[Bus]:
    bus = bus_of("telehealth", nats_server)
    yield bus
    bus.stop()


@pytest.fixture
def streaming(gateway: Callable[..., FlaskClient], nats_server: Any, scheduling: Bus, identity: Bus) -> FlaskClient:
    """A client of a gateway that hears NATS."""
    return gateway(
        nats_url=Url(nats_server.url("gateway")),
        nats_user="gateway",
        nats_password=Secret(nats_server.password("gateway")),
        max_streams=2,
    )


class Stream:
    """An open stream, read event by event."""

    def __init__(self, client: FlaskClient, path: str, token: str) -> None:
        self.answer = client.get(path, headers={"Authorization": f"Bearer {token}"}, buffered=False)
        self._chunks = iter(self.answer.response)

    def next(self) -> tuple[str, Any]:
        """The next event: (name, data); heartbeats and hints are passed over."""
        while True:
            chunk = next(self._chunks)
            for block in chunk.decode().split("\n\n"):
                lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
                if "event" in lines:
                    return lines["event"], json.loads(lines["data"])

    def ended(self) -> bool:
        """Whether nothing more comes."""
        return next(self._chunks, None) is None

    def close(self) -> None:
        self.answer.close()


def day(location: str) -> str:
    return f"/api/v1/locations/{location}/stream"


def booked(location: str, appointment: str = "", version: int = 1) -> scheduling_events.AppointmentBooked:
    state = scheduling_events.AppointmentState(
        appointment_id=appointment or str(uuid4()), location_id=location, patient_id=str(uuid4()), version=version
    )
    return scheduling_events.AppointmentBooked(appointment=state)


def tell(bus: Bus, tenant: str, event: Any, subject: str) -> None:
    service = event.DESCRIPTOR.file.package.split(".")[1]
    bus.publish(f"polyclinic.{service}.v1.{tenant}.{subject}", event.SerializeToString())


def test_what_changed(streaming: FlaskClient, scheduling: Bus, keys: Any) -> None:
    """A stream tells which appointments of its tenant and location changed, by name and version, and no content."""
    tenant, location = str(uuid4()), str(uuid4())
    stream = Stream(streaming, day(location), keys.token(tid=tenant, prm=["appointment.read"]))
    assert stream.answer.content_type == "text/event-stream"
    assert stream.next() == ("reset", {})
    tell(scheduling, tenant, booked(str(uuid4())), "appointment.booked")
    tell(scheduling, str(uuid4()), booked(location), "appointment.booked")
    tell(scheduling, tenant, booked(location, "a-1", 7), "appointment.booked")
    assert stream.next() == ("change", {"event": "appointment.booked", "appointment_id": "a-1", "version": "7"})
    stream.close()


def test_every_event_with_a_location(streaming: FlaskClient, scheduling: Bus, keys: Any) -> None:
    """Events that name the location elsewhere (a waitlist offer) are told as well, facts without a version."""
    tenant, location = str(uuid4()), str(uuid4())
    stream = Stream(streaming, day(location), keys.token(tid=tenant))
    assert stream.next()[0] == "reset"
    offer = scheduling_events.WaitlistOffered(waitlist_offer_id="o-1", location_id=location, patient_id="p")
    tell(scheduling, tenant, offer, "waitlist_offer.made")
    assert stream.next() == ("change", {"event": "waitlist_offer.made", "waitlist_offer_id": "o-1"})
    stream.close()


def test_stream_ends_with_its_token(streaming: FlaskClient, keys: Any) -> None:
    """When the token runs out the stream says so and ends: the next connection is checked anew."""
    stream = Stream(streaming, day(str(uuid4())), keys.token(seconds=1))
    assert stream.next()[0] == "reset"
    assert stream.next() == ("expired", {})
    assert stream.ended()
    stream.close()


def test_disabled_account(streaming: FlaskClient, identity: Bus, keys: Any) -> None:
    """When an account is disabled its streams end and its older tokens are refused."""
    token = keys.token(sub="u-gone")
    stream = Stream(streaming, day(str(uuid4())), token)
    assert stream.next()[0] == "reset"
    event = identity_events.AccountDisabled(account_id="u-gone")
    event.not_before.FromSeconds(int(real_now().timestamp()) + 1)
    tell(identity, str(uuid4()), event, "account.disabled")
    assert stream.next() == ("ended", {})
    stream.close()
    answer = streaming.get(day(str(uuid4())), headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"prm": ["patient.read"]}, 403),
        ({"knd": "patient", "prm": [], "pat": [str(uuid4())]}, 403),
        ({"loc": [str(uuid4())]}, 404),
    ],
)
def test_who_may_not_listen(streaming: FlaskClient, keys: Any, claims: dict[str, Any], status: int) -> None:
    """Who may not read the day, or not this location, may not hear of its changes."""
    answer = streaming.get(day(str(uuid4())), headers={"Authorization": f"Bearer {keys.token(**claims)}"})
    assert answer.status_code == status


def test_foreign_location(streaming: FlaskClient, backend: Backend, keys: Any) -> None:
    """A location that identity does not find for the caller is 404."""

    def missing(_request: Any) -> Any:
        raise errors.NotFound("location")

    backend.answers["GetLocation"] = missing
    answer = streaming.get(day(str(uuid4())), headers={"Authorization": f"Bearer {keys.token()}"})
    assert (answer.status_code, answer.json["reason"]) == (404, "NOT_FOUND")


def test_streams_are_limited(streaming: FlaskClient, keys: Any) -> None:
    """Past the limit a stream is 503; when one closes there is room again."""
    streams = [Stream(streaming, day(str(uuid4())), keys.token()) for _ in range(2)]
    headers = {"Authorization": f"Bearer {keys.token()}"}
    assert streaming.get(day(str(uuid4())), headers=headers).status_code == 503
    streams[0].close()
    again = Stream(streaming, day(str(uuid4())), keys.token())
    assert again.answer.status_code == 200
    again.close()
    streams[1].close()


def test_a_slow_reader_is_told_to_read_again(settings: Settings) -> None:
    """Who falls too far behind gets one reset instead of a growing queue, and then what comes after it."""
    channels = Channels(settings, 1, lambda: 0.0)
    channel = Channel("u-1", expires_at=60.0)
    response = channels.respond(channel, lambda: None)
    sent = iter(response.response)
    assert b"event: reset" in next(sent)
    for number in range(QUEUE_LENGTH + 50):
        channel.put(event("change", str(number).encode()))
    assert next(sent) == event("reset")
    channel.put(event("change", b"later"))
    assert next(sent) == event("change", b"later")
    response.close()


def test_end_of_the_process(streaming: FlaskClient, keys: Any) -> None:
    """When the process is told to stop, open streams end at once and new ones are sent elsewhere."""
    stream = Stream(streaming, day(str(uuid4())), keys.token())
    assert stream.next()[0] == "reset"
    streaming.application.extensions["polyclinic.streams"].end_all()
    assert stream.next() == ("ended", {})
    stream.close()
    headers = {"Authorization": f"Bearer {keys.token()}"}
    assert streaming.get(day(str(uuid4())), headers=headers).status_code == 503


def test_signals(streaming: FlaskClient, backend: Backend, telehealth: Bus) -> None:
    """A participant hears what is signalled to them, from whichever replica it was sent."""
    session, subject = str(uuid4()), f"polyclinic.telehealth.signal.{uuid4()}.{uuid4()}.{uuid4()}"
    expires = int(real_now().timestamp()) + 60

    def allow(request: Any) -> Any:
        answer = telehealth_pb2.OpenSignalsResponse(session_id=session, participant_id="p", subject=subject)
        answer.expires_at.FromSeconds(expires)
        return answer

    backend.answers["OpenSignals"] = allow
    stream = Stream(streaming, f"/api/v1/telehealth/sessions/{session}/signals", "participant-token-0123456789")
    assert stream.next()[0] == "reset"
    assert backend.of("OpenSignals")[0].request.participant_token == "participant-token-0123456789"
    telehealth.publish_core(subject, b'{"kind":"offer",\n"payload":{"sdp":"v=0\\r\\n"}}')
    assert stream.next() == ("signal", {"kind": "offer", "payload": {"sdp": "v=0\r\n"}})
    stream.close()


def test_signals_of_another_session(streaming: FlaskClient, backend: Backend) -> None:
    """A token of one session opens no other; without a token there is none."""
    answer = telehealth_pb2.OpenSignalsResponse(session_id=str(uuid4()), participant_id="p", subject="x")
    backend.answers["OpenSignals"] = lambda request: answer
    path = f"/api/v1/telehealth/sessions/{uuid4()}/signals"
    headers = {"Authorization": "Bearer participant-token-0123456789"}
    assert streaming.get(path, headers=headers).status_code == 404
    assert streaming.get(path).status_code == 401


def test_without_nats(gateway: Callable[..., FlaskClient], keys: Any) -> None:
    """Without NATS there are no streams, and everything else goes on."""
    client = gateway(nats_url=Url("nats://127.0.0.1:1"))
    headers = {"Authorization": f"Bearer {keys.token()}"}
    assert client.get(day(str(uuid4())), headers=headers).status_code == 503
    assert client.get("/api/v1/things/x", headers=headers).status_code == 200


def test_roles(gateway: Callable[..., FlaskClient], keys: Any) -> None:
    """The same image serves the API, the streams, or both."""
    headers = {"Authorization": f"Bearer {keys.token()}"}
    api, streams = gateway(gateway_role="api"), gateway(gateway_role="streams")
    assert api.get(day(str(uuid4())), headers=headers).status_code == 307
    assert streams.get("/api/v1/things/x", headers=headers).status_code == 404
    assert streams.get("/readyz").status_code == 200
