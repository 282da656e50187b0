"""The chart delivers the dashboards, alerts and collector of infra/observability, byte for byte."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from infra.local.plan import ROOT

from tests.charts.rendering import Installer, Rendered

OBSERVABILITY = ROOT / "infra" / "observability"
FILES = ROOT / "charts" / "polyclinic" / "files"


@pytest.mark.parametrize("kind", ["dashboards/*.json", "alerts/*.yaml", "collector.yaml"])
def test_the_charts_copies_are_the_originals(kind: str) -> None:
    """Helm reads only files inside the chart; the copies there never fall behind."""
    originals = {str(path.relative_to(OBSERVABILITY)): path.read_bytes() for path in OBSERVABILITY.glob(kind)}
    assert originals
    assert {str(path.relative_to(FILES)): path.read_bytes() for path in FILES.glob(kind)} == originals


def test_every_dashboard_reaches_grafana(installed: Rendered) -> None:
    """Each dashboard is a ConfigMap with the label that Grafana's sidecar looks for, and is JSON still."""
    found = {}
    for each in installed.of("ConfigMap"):
        if each["metadata"]["labels"].get("grafana_dashboard") == "1":
            found |= {name: json.loads(text) for name, text in each["data"].items()}
    assert found == {path.name: json.loads(path.read_text()) for path in (OBSERVABILITY / "dashboards").glob("*.json")}


def test_every_alert_reaches_prometheus(installer: Installer) -> None:
    """Each file of rules is a PrometheusRule with all its groups."""
    installed = installer.file("values-large")
    groups = [group for rule in installed.of("PrometheusRule") for group in rule["spec"]["groups"]]
    originals = [
        yaml.safe_load(path.read_text())["groups"] for path in sorted((OBSERVABILITY / "alerts").glob("*.yaml"))
    ]
    assert groups == [group for file in originals for group in file]


def collector(installed: Rendered) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(installed.one("ConfigMap", "collector-config")["data"]["config.yaml"])
    return config


def test_the_collector_keeps_what_it_cannot_pass_on(installer: Installer) -> None:
    """Without a place to send them traces and logs end at the collector; metrics wait for Prometheus in any case."""
    alone = collector(installer.file("values-staging"))
    assert {name: pipeline["exporters"] for name, pipeline in alone["service"]["pipelines"].items()} == {
        "metrics": ["prometheus"],
        "traces": ["nop"],
        "logs": ["nop"],
    }
    forward = {"forwardTo": "https://otlp.example.org", "forwardToCidrs": ["203.0.113.0/24"]}
    installed = installer.render({"global": {"telemetry": {"collector": True}}, "collector": forward})
    assert collector(installed) == yaml.safe_load((OBSERVABILITY / "collector.yaml").read_text())
    (container,) = installed.one("Deployment", "collector")["spec"]["template"]["spec"]["containers"]
    assert container["env"] == [{"name": "TRACES_AND_LOGS", "value": "https://otlp.example.org"}]


def test_services_send_to_the_collector_that_is_there(installed: Rendered) -> None:
    """The endpoint every process is told is the release's collector, the operator's, or none."""
    telemetry = installed.values["global"]["telemetry"]
    endpoints = {installed.environment(each)["POLYCLINIC_OTLP_ENDPOINT"] for each in installed.services}
    wanted = telemetry["endpoint"]
    if telemetry["collector"]:
        service = installed.one("Service", "collector")
        (port,) = [each["port"] for each in service["spec"]["ports"] if each["name"] == "otlp-http"]
        wanted = f"http://{service['metadata']['name']}.clinic.svc.cluster.local:{port}"
    assert endpoints == {wanted}
