"""What a process exports: nothing without an endpoint; with one, spans, metrics and logs that hold no exception's text."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
from infra.observability.receiver import Receiver

WORK = """
    import sys
    from opentelemetry.trace import SpanKind
    from chassis import errors, telemetry

    endpoint, ratio = sys.argv[1], float(sys.argv[2])
    telemetry.start("made", endpoint, "made-1", sample_ratio=ratio, interval_seconds=60)
    log = telemetry.logger("work")
    done = telemetry.counter("polyclinic.made", description="made")
    telemetry.gauge("polyclinic.depth", "{item}", "depth").watch(lambda: [(7, {"pool": "a"})])
    telemetry.gauge("polyclinic.broken", "{item}", "cannot be read").watch(lambda: 1 / 0)

    for number in range(40):
        trace = f"{number * 0x0fedcba987654321 % 2**128 + 1:032x}"
        headers = {"traceparent": f"00-{trace}-{'b' * 16}-00", "tracestate": "name=quillonbrae", "baggage": "q=quillonbrae"}
        with telemetry.span("GET /patients/{patient_id}", SpanKind.SERVER, headers):
            done.add(1, {"outcome": "OK"})
            assert "baggage" not in telemetry.carrier()
            assert "quillonbrae" not in str(telemetry.carrier())
    try:
        with telemetry.span("outer", SpanKind.SERVER), telemetry.outside("clearinghouse", "send"):
            log.warning("went wrong", error=ValueError("quillonbrae"))
            raise ValueError("quillonbrae")
    except ValueError as error:
        log.error("failed", exception=error)
    with telemetry.outside("cards", "pay") as failed:
        failed("DECLINED")
"""


@pytest.fixture
def receiver():
    """A collector of our own."""
    made = Receiver()
    yield made
    made.close()


def work(endpoint: str, ratio: float = 1.0) -> str:
    """A process that does traced work and ends; answers what it wrote to standard output."""
    command = [sys.executable, "-c", textwrap.dedent(WORK), endpoint, str(ratio)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_all_three_kinds_arrive_before_the_process_ends(receiver):
    """Spans with their parents, values with their labels, log records with their trace; a gauge that fails stops no other."""
    work(receiver.url)
    [party] = [span for span in receiver.spans() if span.name == "clearinghouse send"]
    [outer] = [span for span in receiver.spans() if span.name == "outer"]
    assert (party.parent_id, party.kind, party.service) == (outer.span_id, "client", "made")
    assert party.attributes["peer.service"] == "clearinghouse"
    points = {(point.name, point.attributes.get("outcome")): point.value for point in receiver.points().values()}
    assert points["polyclinic.made", "OK"] == 40
    assert points["polyclinic.depth", None] == 7
    assert points["polyclinic.outside.duration", "ValueError"] == 1
    assert points["polyclinic.outside.duration", "DECLINED"] == 1
    assert not any(name == "polyclinic.broken" for name, _ in points)
    records = {record.body: record for record in receiver.logs()}
    assert records["went wrong"].trace_id == outer.trace_id
    assert records["went wrong"].attributes["error"] == "ValueError"
    assert "ValueError" in records["failed"].attributes["exception.stacktrace"]


def test_what_an_exception_says_is_in_none_of_them(receiver):
    """Nor what a caller puts into tracestate or baggage; a failed span has the exception's type."""
    output = work(receiver.url)
    assert not any("quillonbrae" in str(message) for _, message in receiver.messages())
    assert "quillonbrae" not in output
    [party] = [span for span in receiver.spans() if span.name == "clearinghouse send"]
    assert (party.error, party.attributes["error.type"]) == ("ValueError", "ValueError")


def test_the_trace_id_decides_what_is_sampled(receiver):
    """The same half in every process, whatever a caller's flag says (here: not sampled)."""
    work(receiver.url, 0.5)
    first = {span.trace_id for span in receiver.spans() if span.name.startswith("GET")}
    other = Receiver()
    try:
        work(other.url, 0.5)
        second = {span.trace_id for span in other.spans() if span.name.startswith("GET")}
    finally:
        other.close()
    assert first == second
    assert 8 < len(first) < 32


def test_without_an_endpoint_nothing_is_exported_and_lines_still_name_their_trace(receiver):
    """Standard output is all there is."""
    output = work("")
    assert receiver.messages() == []
    assert '"trace_id"' in output.splitlines()[0]
