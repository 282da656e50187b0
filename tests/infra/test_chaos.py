"""The parts of the chaos that can be wrong by themselves: lines, doors, gates, what is judged how, and that all is there."""

from __future__ import annotations

import http.client
import random
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from infra.chaos.causes import catalogue
from infra.chaos.causes.broker import reads
from infra.chaos.causes.replicas import out_of_order, state_subjects
from infra.chaos.causes.services import STEPS, VICTIMS
from infra.chaos.disk import SmallDisk
from infra.chaos.doors import Door, Manner
from infra.chaos.flow import next_instant
from infra.chaos.gate import Gate
from infra.chaos.lines import Line, Loop, State
from infra.chaos.proofs import broken_bars
from infra.chaos.report import Report, line_of
from infra.chaos.routes import Route, Routes
from infra.chaos.system import PARTIES
from infra.chaos.trouble import Course, Trouble
from infra.chaos.watch import CLEAN, NO_ANSWER, OK, REFUSED, Answer, kind_of
from infra.local.plan import ROOT, SIMULATORS

PROBLEM = {"Content-Type": "application/problem+json", "Retry-After": "1"}
NEW_YORK = ZoneInfo("America/New_York")


# ---- answers and bars


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (200, {}, OK),
        (409, PROBLEM, REFUSED),
        (503, PROBLEM, CLEAN),
        (503, {"Content-Type": "application/problem+json"}, "503 without Retry-After or problem"),
        (503, {"Content-Type": "text/html", "Retry-After": "1"}, "503 without Retry-After or problem"),
        (500, PROBLEM, "500"),
        (504, PROBLEM, "504"),
        (429, PROBLEM, "429"),
    ],
)
def test_kinds_of_answers(status: int, headers: dict[str, str], kind: str) -> None:
    """Only a 503 that says when to come again, in the house's words, is a clean error."""
    assert kind_of(status, headers) == kind


def answer(kind: str = OK, service: str = "billing", tenant: str = "one", seconds: float = 0.1) -> Answer:
    return Answer(0.0, seconds, tenant, service, "TakePayment", kind)


def trouble(**more: object) -> Trouble:
    return Trouble("t", "c", lambda stage: None, **more)  # type: ignore[arg-type]


def test_a_clean_error_of_who_may_feel_it_breaks_nothing() -> None:
    """The service that is hurt may say 503 to the tenant that is hurt."""
    hurt = trouble(may_feel=frozenset({"billing"}), tenants=frozenset({"one"}))
    assert broken_bars(hurt, Course(), [answer(CLEAN), answer(), answer(REFUSED)]) == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (answer(CLEAN, service="scheduling"), "nobody should have felt"),
        (answer(CLEAN, tenant="two"), "nobody should have felt"),
        (answer("500"), "no clean 503"),
        (answer(NO_ANSWER), "no clean 503"),
        (answer(service="scheduling", seconds=9.0), "waited"),
    ],
)
def test_what_breaks_a_promise(wrong: Answer, words: str) -> None:
    """Errors elsewhere, dirty errors, and long waits of those who should feel nothing."""
    hurt = trouble(may_feel=frozenset({"billing"}), tenants=frozenset({"one"}))
    (broken, *_) = broken_bars(hurt, Course(), [wrong])
    assert words in broken


def test_a_stray_refusal_is_no_troubles() -> None:
    """One clean 503 among five hundred answers happens on any day; two do not, and a dirty one never."""
    well = [answer()] * 499
    elsewhere = answer(CLEAN, service="scheduling")
    hurt = trouble(may_feel=frozenset({"billing"}))
    assert broken_bars(hurt, Course(), [*well, elsewhere]) == []
    assert broken_bars(hurt, Course(), [*well, elsewhere, elsewhere])
    assert broken_bars(hurt, Course(), [*well, answer("500", service="scheduling")])


def test_a_gateway_that_dies_may_break_connections() -> None:
    """And only such a trouble may."""
    hurt = trouble(may_feel=frozenset({"billing"}), breaks_connections=True)
    assert broken_bars(hurt, Course(), [answer(NO_ANSWER)]) == []


@pytest.mark.parametrize("seconds", [10.5, float("inf")])
def test_a_slow_recovery_breaks_a_promise(seconds: float) -> None:
    """Ten seconds, and not to recover at all is worse."""
    assert broken_bars(trouble(), Course(recoveries=[0.5, seconds]), [])


def test_the_report_passes_only_when_something_was_survived() -> None:
    """A run without a trouble proves nothing; one broken promise fails it."""
    line = line_of(
        "t", "c", recoveries=[1.0, 2.0], hurt_seconds=3, answers=[answer()], findings=[], wrong=[], broken=[], notes=[]
    )
    assert not Report(7).passed
    assert Report(7, [line]).passed
    assert line.recovery_seconds == 2.0
    broken = line_of("t", "c", recoveries=[], hurt_seconds=0, answers=[], findings=[], wrong=[], broken=["x"], notes=[])
    assert not Report(7, [line, broken]).passed


# ---- routes, order, filters, time


def test_requests_are_known_by_their_contracts() -> None:
    """Method and path lead to the service and the RPC; a path nobody has is said."""
    routes = Routes()
    assert routes.find("POST", "/api/v1/appointments/0192:checkIn") == Route("scheduling", "CheckIn")
    assert routes.find("POST", "/api/v1/appointments") == Route("scheduling", "BookAppointment")
    assert routes.find("POST", "/fhir/R4").service == "patient_registry"
    with pytest.raises(LookupError):
        routes.find("POST", "/api/v1/nothing")


@given(st.lists(st.integers(0, 3), max_size=30), st.randoms())
def test_order_is_asked_of_each_aggregate_alone(aggregates: list[int], chance: random.Random) -> None:
    """Events of different aggregates may pass each other; two of one may not."""
    written = [(str(place), place, str(aggregate)) for place, aggregate in enumerate(aggregates)]
    queues = {aggregate: [row for row in written if row[2] == aggregate] for _, _, aggregate in written}
    mixed = []
    while any(queues.values()):
        mixed.append(chance.choice([queue for queue in queues.values() if queue]).pop(0)[0])
    assert out_of_order(mixed, written) == []
    for queue in ([row for row in written if row[2] == aggregate] for aggregate in queues):
        if len(queue) > 1:
            assert out_of_order([queue[-1][0], queue[0][0]], written) == [queue[0][0]]


def test_states_and_facts_are_told_apart_by_the_contracts() -> None:
    """An appointment's booking is a state; a delay is a fact, which may come at any time."""
    states = state_subjects()
    assert "appointment.booked" in states
    assert "session.ended" not in states


@pytest.mark.parametrize(
    ("filters", "heard"),
    [(["a.*.c"], True), (["a.>"], True), (["a.b"], False), (["a.b.c.d"], False), (["x.>", "a.b.c"], True)],
)
def test_subject_filters(filters: list[str], heard: bool) -> None:
    """Who hears a subject is decided by its tokens."""
    assert reads({"filter_subjects": filters}, "a.b.c") is heard


@given(st.integers(0, 270 * 24 * 60))
def test_business_time_flows_through_working_days(minute: int) -> None:
    """It only goes forward, by no more than a weekend, and stands between seven and nine of a working day in New York."""
    now = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=minute)
    then = next_instant(now)
    there = then.astimezone(NEW_YORK)
    assert timedelta(0) < then - now <= timedelta(days=4)
    assert there.isoweekday() <= 5
    assert (7, 0) <= (there.hour, there.minute) <= (21, 0)


def test_a_gate_waits_for_those_inside() -> None:
    """Closing returns when nobody is in the middle of anything; afterwards nobody begins."""
    gate = Gate()
    gate.open()
    entered, leave = threading.Event(), threading.Event()

    def inside() -> None:
        with gate:
            entered.set()
            leave.wait(5)

    worker = threading.Thread(target=inside)
    worker.start()
    entered.wait(5)
    assert gate.close(timeout=0.05) is False
    leave.set()
    assert gate.close(timeout=5) is True
    worker.join()


# ---- lines, doors, disks


@pytest.fixture
def line() -> Iterator[Line]:
    """A line to a server that answers every word with its capitals."""
    server = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        server.settimeout(0.1)
        while not ended.is_set():
            try:
                peer, _ = server.accept()
            except TimeoutError:
                continue
            threading.Thread(target=echo, args=(peer,), daemon=True).start()

    def echo(peer: socket.socket) -> None:
        with peer:
            while data := peer.recv(1000):
                peer.sendall(data.upper())

    thread = threading.Thread(target=serve)
    thread.start()
    loop = Loop()
    made = Line(loop, "test", server.getsockname()[1])
    yield made
    made.close()
    loop.close()
    ended.set()
    thread.join()
    server.close()


def connect(line: Line, timeout: float = 5.0) -> socket.socket:
    return socket.create_connection(("127.0.0.1", line.port), timeout=timeout)


def test_a_line_passes_and_is_noticed(line: Line) -> None:
    """What goes in comes out, and whoever listens hears of the connection."""
    heard = threading.Event()
    line.on_connection(lambda name: heard.set())
    with connect(line) as client:
        client.sendall(b"hello")
        assert client.recv(100) == b"HELLO"
    assert heard.wait(5)


def test_a_cut_line_breaks_what_is_open(line: Line) -> None:
    """Open connections end, new ones get nothing, and a mended line works again."""
    with connect(line) as client:
        client.sendall(b"hello")
        client.recv(100)
        line.become(State.CUT)
        assert ended(client)
    with connect(line) as client:
        assert ended(client)
    line.become(State.FLOWS)
    with connect(line) as client:
        client.sendall(b"again")
        assert client.recv(100) == b"AGAIN"


def test_a_silent_line_holds_everything_back(line: Line) -> None:
    """Nothing comes, not even an end; what was held is broken when the line is mended."""
    line.become(State.SILENT)
    with connect(line, timeout=0.3) as client:
        client.sendall(b"hello")
        with pytest.raises(TimeoutError):
            client.recv(100)
        client.settimeout(5)
        line.become(State.FLOWS)
        assert ended(client)


@pytest.mark.parametrize(("state", "first"), [(State.LOSES_ANSWERS, b""), (State.FAILS, b"HTTP/1.1 500")])
def test_lines_that_answer_wrongly(line: Line, state: State, first: bytes) -> None:
    """The question was taken, and the answer is lost, or an error of somebody in between."""
    line.become(state)
    with connect(line) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert client.recv(100).startswith(first)


def ended(client: socket.socket) -> bool:
    try:
        return client.recv(100) == b""
    except ConnectionError:
        return True


@pytest.fixture
def told() -> Iterator[tuple[Door, list[bytes]]]:
    """A door, and what came through it in order."""
    bodies: list[bytes] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Keeps the body."""
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Says nothing."""
            del code, size

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    door = Door(server.server_port)
    yield door, bodies
    door.close()
    server.shutdown()
    server.server_close()


def tell(door: Door, body: bytes) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=10)
    connection.request("POST", "/webhooks/x", body)
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_door_tells_once_or_twice(told: tuple[Door, list[bytes]]) -> None:
    """As it comes, or everything again."""
    door, bodies = told
    assert tell(door, b"one") == 204
    door.manner = Manner.TWICE
    assert tell(door, b"two") == 204
    assert bodies == [b"one", b"two", b"two"]


def test_a_door_lets_the_later_go_first(told: tuple[Door, list[bytes]]) -> None:
    """Of two webhooks the first is held until the second has passed."""
    door, bodies = told
    door.manner = Manner.SHUFFLED
    first = threading.Thread(target=tell, args=(door, b"first"))
    first.start()
    until = time.monotonic() + 5
    while not door.passed and time.monotonic() < until:
        threading.Event().wait(0.01)
    tell(door, b"second")
    first.join()
    assert bodies == [b"second", b"first"]


def test_a_small_disk_fills_and_forgets(tmp_path_factory: pytest.TempPathFactory) -> None:
    """It takes what fits and no more; freed, it takes again; lost, it is empty. Where users may make none, that is said."""
    disk = SmallDisk.make(tmp_path_factory.mktemp("disk") / "store")
    if disk is None:
        assert not SmallDisk.allowed()
        return
    try:
        (disk.root / "kept").write_bytes(b"x")
        assert disk.fill() > 0
        with pytest.raises(OSError, match="No space"):
            (disk.root / "more").write_bytes(bytes(1 << 16))
        disk.free()
        (disk.root / "more").write_bytes(bytes(1 << 16))
        disk.lose()
        assert list(disk.root.iterdir()) == []
    finally:
        disk.close()


# ---- the whole list


def test_every_trouble_has_its_own_name_and_its_line_in_the_guide() -> None:
    """Names are told apart, and who reads the guide finds each."""
    names = [each.name for each in catalogue()]
    assert len(names) == len(set(names))
    guide = (ROOT / "docs" / "guides" / "surviving.md").read_text()
    missing = [
        name
        for name in names
        if name not in guide and name.split("-")[0] + "-*" not in guide and not name.startswith("kill-")
    ]
    assert missing == []


def test_every_part_is_killed_at_every_kind_of_work() -> None:
    """A new service is killed as well: the list is the plan's."""
    names = {each.name for each in catalogue()}
    assert {f"kill-{victim.replace('_', '-')}-{work}" for victim in VICTIMS for work in STEPS} <= names


def test_every_outside_party_has_its_line() -> None:
    """Who stands in for somebody outside can be cut off, slowed and made to lie."""
    assert {part for part, _ in PARTIES.values()} == {f"{name}-simulator" for name in SIMULATORS}
