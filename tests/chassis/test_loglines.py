"""Log lines: one JSON object each, with trace and tenant, and no exception's text that could quote somebody's data."""

from __future__ import annotations

import json
import logging
from uuid import UUID

import psycopg
import pytest
from opentelemetry.trace import SpanKind

from chassis import errors, loglines, telemetry

TENANT = UUID("01890000-0000-7000-8000-000000000001")
# Put together here, so that no line of this file's own code, which a stack shows, holds it.
WHO = "Quil" + "lon"


@pytest.fixture
def lines():
    """The lines that our loggers and libraries write meanwhile, read back."""
    written: list[dict] = []
    formatter = loglines.JsonLines("scheduling", "scheduling-1")

    class Reader(logging.Handler):
        def emit(self, record):
            text = formatter.format(record)
            assert "\n" not in text
            written.append(json.loads(text))

    reader = Reader()
    places = [logging.getLogger(loglines.OURS), logging.getLogger("somelibrary")]
    for place in places:
        place.addHandler(reader)
    yield written
    for place in places:
        place.removeHandler(reader)


def raised(action) -> Exception:
    try:
        action()
    except Exception as error:  # noqa: BLE001  (any kind is looked at)
        return error
    raise AssertionError("nothing was raised")


def test_a_line_says_what_where_and_for_whom(lines):
    """Time, level, service, instance, event and fields; inside a span its trace, inside a transaction its tenant."""
    with telemetry.span("work", SpanKind.SERVER, {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}):
        telemetry.belongs_to(TENANT)
        telemetry.logger("t").warning("slot taken", attempt=2)
    telemetry.logger("t").warning("afterwards")
    inside, after = lines
    assert (
        inside.items()
        >= {
            "level": "warning",
            "service": "scheduling",
            "instance": "scheduling-1",
            "event": "slot taken",
            "attempt": 2,
            "tenant_id": str(TENANT),
            "trace_id": "a" * 32,
        }.items()
    )
    assert {"trace_id", "tenant_id"}.isdisjoint(after)


@pytest.mark.parametrize(
    "error",
    [
        raised(lambda: int(WHO)),
        raised(lambda: {}[WHO]),
        raised(lambda: f"{WHO}ö".encode("ascii")),
        RuntimeError(WHO),
        psycopg.errors.InvalidTextRepresentation(f'invalid input syntax for type uuid: "{WHO}"'),
        psycopg.errors.UniqueViolation(f"duplicate key\nDETAIL:  Key (name)=({WHO}) already exists."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_the_text_of_a_foreign_exception_is_not_written(lines, error):
    """Neither as a field nor as the exception of the event nor as the cause of another one; its type always is."""
    outer = raised(lambda: (_ for _ in ()).throw(errors.Unavailable(internal="registry away")))
    outer.__cause__ = error
    telemetry.logger("t").error("failed", exception=outer, error=error)
    [line] = lines
    assert WHO not in json.dumps(line)
    assert type(error).__name__ in line["exception"]
    assert type(error).__name__ in line["error"]
    assert "registry away" in line["exception"]
    assert "test_loglines.py" in line["exception"]


def test_what_a_connection_says_is_kept():
    """Refused connections and the house's own internal texts tell an operator what is wrong."""
    refused = raised(lambda: psycopg.connect("postgresql://nobody@127.0.0.1:1/none", connect_timeout=2))
    assert "refused" in loglines.told(refused)
    assert loglines.told(ConnectionRefusedError(111, "Connection refused")).endswith("Connection refused")
    assert loglines.told(errors.StaleVersion(internal="3 is not 4")) == "StaleVersion: 3 is not 4"


def test_a_librarys_text_is_kept_as_its_template(lines):
    """What a library fills into its message may be a path or a name."""
    logging.getLogger("somelibrary").error("Error handling request %s", f"/patients?family={WHO}")
    [line] = lines
    assert line["event"] == "Error handling request %s"
    assert WHO not in json.dumps(line)


def test_an_instrument_means_one_thing(monkeypatch):
    """The same name declared otherwise is a mistake that shows at once."""
    monkeypatch.setattr(telemetry, "_declared", {})
    telemetry.counter("polyclinic.twice", description="one")
    telemetry.counter("polyclinic.twice", description="one")
    with pytest.raises(ValueError, match="declared twice"):
        telemetry.histogram("polyclinic.twice")


def test_a_warning_is_an_event_without_its_text(lines):
    """Python's own warnings quote what they warn of; their kind and place say enough."""
    loglines._warned(UserWarning(WHO), UserWarning, "/app/x.py", 7)
    [line] = lines
    assert (line["event"], line["category"], line["where"]) == ("python warning", "UserWarning", "/app/x.py:7")
    assert WHO not in json.dumps(line)
