"""Dashboards, alerts and objectives name what the code emits; every alert says how bad it is and what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from google.api import annotations_pb2
from infra.observability.__main__ import CHART, HERE, delivered, generated
from infra.observability.boards import BOARDS
from infra.observability.names import ROOT, SERVICES, all_series, base_name, instruments
from infra.observability.panels import WIDTH, to_json
from infra.observability.slos import OBJECTIVES, recorded_name

from tests.contracts import registry
from tests.observability import promql

GUIDE = (ROOT / "docs" / "guides" / "observing.md").read_text()
RULES = [
    rule
    for path in sorted((HERE / "alerts").glob("*.yaml"))
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
]
ALERTS = [rule for rule in RULES if "alert" in rule]
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
ON_BOARDS = sorted({query for board in BOARDS for query in board.queries()})
EXPRESSIONS = sorted({rule["expr"] for rule in RULES} | set(ON_BOARDS))
# What the collector makes of a process's resource, and what Prometheus adds to a histogram.
OF_THE_RESOURCE = {"service_name", "service_instance_id"}


def named(alert: dict) -> str:
    return f"{alert['alert']}-{alert['labels'].get('window', '')}".rstrip("-")


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_expression_asks_for_series_that_exist(expression):
    """It is well-formed PromQL, and each series is emitted by the code or recorded by a rule."""
    asked = {selector.name for selector in promql.selectors(expression)}
    assert asked
    assert asked <= all_series() | RECORDED


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_bucket_that_is_asked_for_is_a_bucket_of_the_histogram(expression):
    """`le` names a limit that the code declares; another one would never have a value."""
    limits = {f"{base_name(one)}_bucket": {f"{limit:g}" for limit in one.buckets} for one in instruments().values()}
    for selector in promql.selectors(expression):
        for label, _, value in selector.matchers:
            if label == "le":
                assert f"{float(value.removesuffix('(.0)?')):g}" in limits[selector.name]


def test_everything_that_is_emitted_can_be_seen():
    """Each instrument is on a board or in a rule: a figure nobody looks at is not kept."""
    seen = {selector.name for expression in EXPRESSIONS for selector in promql.selectors(expression)}
    unseen = [
        name
        for name, instrument in instruments().items()
        if not any(series.startswith(base_name(instrument)) for series in seen)
    ]
    assert unseen == []


def test_instruments_say_what_they_are():
    """Each has a description and a name of ours (or of the standard's), in small letters with dots."""
    for name, instrument in instruments().items():
        assert instrument.description, name
        assert re.fullmatch(r"(polyclinic|rpc|http|process)(\.[a-z_]+)+", name), name


@pytest.mark.parametrize("alert", ALERTS, ids=named)
def test_every_alert_says_how_bad_and_what_to_do(alert):
    """Severity, how long it must last, a summary, and a line of the guide under its name."""
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert re.fullmatch(r"\d+[mh]", alert["for"])
    notes = alert["annotations"]
    assert notes["summary"]
    assert notes["description"]
    page, _, anchor = notes["runbook_url"].partition("#")
    assert page == "docs/guides/observing.md"
    assert anchor == alert["alert"].lower()
    assert f'<a id="{anchor}"></a>{alert["alert"]} |' in GUIDE


def test_the_guide_describes_no_alert_that_does_not_exist():
    """A runbook line without its alert is read by nobody."""
    described = set(re.findall(r'<a id="([a-z]+)"></a>', GUIDE))
    assert described == {alert["alert"].lower() for alert in ALERTS}


def test_severities_in_the_guide_are_those_of_the_rules():
    """Whoever reads the table knows whether they would have been woken."""
    for line in GUIDE.splitlines():
        if found := re.match(r'\| <a id="[a-z]+"></a>(\w+) \| ([a-z, ]+) \|', line):
            rules = {alert["labels"]["severity"] for alert in ALERTS if alert["alert"] == found[1]}
            assert set(found[2].split(", ")) == rules, found[1]


def test_a_service_that_is_missing_is_missed():
    """The alert names every folder under services/ that runs by itself: a new service cannot be forgotten."""
    [alert] = [alert for alert in ALERTS if alert["alert"] == "ServiceMissing"]
    asked = {
        value for one in promql.selectors(alert["expr"]) for label, _, value in one.matchers if label == "service_name"
    }
    assert asked == set(SERVICES)


def test_objectives_measure_routes_that_exist():
    """A promise about requests names the path of an RPC that is a POST."""
    posts = {f"/api{method.GetOptions().Extensions[annotations_pb2.http].post}" for method in registry.RPCS}
    routes = {
        value
        for objective in OBJECTIVES
        for one in promql.selectors(objective.good.replace("WINDOW", "5m"))
        for label, _, value in one.matchers
        if label == "http_route"
    }
    assert routes
    assert routes <= posts


def test_every_promise_has_a_page_a_ticket_and_a_place_on_the_first_board():
    """Fast burning wakes somebody, slow burning does not; both are seen, and the guide says the promise."""
    for objective in OBJECTIVES:
        assert {alert["labels"]["severity"] for alert in ALERTS if alert["labels"].get("slo") == objective.name} == {
            "page",
            "ticket",
        }
        assert any(recorded_name(objective, "30d") in query for query in BOARDS[0].queries())
        assert objective.promise.partition(" are ")[0] in GUIDE


def test_generated_files_are_current():
    """What lies in the folder is what the tables say (`python -m infra.observability` writes it)."""
    for name, text in generated().items():
        assert (HERE / name).read_text() == text, name
    assert {path.name for path in (HERE / "dashboards").iterdir()} == {
        Path(name).name for name in generated() if name.startswith("dashboards/")
    }


def test_the_chart_delivers_the_same_files():
    """Byte for byte."""
    for name, text in delivered().items():
        assert (CHART / name).read_text() == text, name


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_panels_lie_side_by_side(board):
    """Nothing overlaps or hangs over the edge, and every panel asks the chosen data source for something."""
    taken: set[tuple[int, int]] = set()
    panels = to_json(board)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= WIDTH, panel["title"]
        assert taken.isdisjoint(cells), panel["title"]
        taken |= cells
        if panel["type"] != "row":
            assert panel["datasource"]["uid"] == "${datasource}"
            assert all(target["expr"] and target["legendFormat"] for target in panel["targets"])


def test_variables_of_a_board_are_declared():
    """A board that asks for `$service` lets it be chosen."""
    for board in BOARDS:
        asked = set(re.findall(r"\$([a-z]+)\b", " ".join(board.queries())))
        assert asked <= {name for name, _, _ in board.variables}, board.uid


# --- the collector ----------------------------------------------------------------------------------------------------

COLLECTOR = yaml.safe_load((HERE / "collector.yaml").read_text())


def test_the_collectors_pipelines_are_made_of_parts_that_are_configured():
    """Every receiver, processor and exporter that a pipeline names exists, and none is configured for nothing."""
    for kind in ("receivers", "processors", "exporters"):
        used = {name for pipeline in COLLECTOR["service"]["pipelines"].values() for name in pipeline[kind]}
        assert used == set(COLLECTOR[kind])
    assert set(COLLECTOR["service"]["pipelines"]) == {"traces", "metrics", "logs"}


def test_the_collector_lets_the_ids_of_paths_through_but_no_patients():
    """Its list of span attributes holds every path variable of the contracts but `patient_id`."""
    allowed = set(COLLECTOR["processors"]["redaction"]["allowed_keys"])
    paths = [str(method.GetOptions().Extensions[annotations_pb2.http]) for method in registry.RPCS]
    variables = {name for path in paths for name in re.findall(r"\{(\w+)\}", path)}
    assert "patient_id" in variables
    ids = {f"polyclinic.{name}" for name in variables - {"patient_id"} if name.endswith("_id")}
    assert ids <= allowed
    assert {name for name in allowed if name.endswith("_id") and name != "polyclinic.tenant_id"} == ids - {
        "polyclinic.tenant_id"
    }
