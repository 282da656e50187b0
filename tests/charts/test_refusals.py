"""Nonsense is refused before anything is installed, with a message that says what is wrong."""

from __future__ import annotations

from typing import Any

import helm_python as helm
import pytest
from infra.cluster import charts

from tests.charts.rendering import VALUES_FILES, Installer

EXTERNAL = {"inCluster": False, "sslmode": "verify-full", "cidrs": ["10.0.0.0/8"]}

NONSENSE: list[tuple[str, dict[str, Any], str]] = [
    ("a name nobody reads", {"replicas": 3}, "additional properties 'replicas' not allowed"),
    ("a misspelt name of a service", {"biling": {"replicas": 2}}, "additional properties 'biling' not allowed"),
    ("a misspelt name in a service", {"billing": {"replica": 2}}, "additional properties 'replica' not allowed"),
    ("no pods", {"billing": {"replicas": 0}}, "minimum: got 0"),
    ("a number as text", {"billing": {"replicas": "2"}}, "got string, want integer"),
    ("a secret among the settings", {"billing": {"config": {"CARD_SECRET_KEY": "sk_live"}}}, "CARD_SECRET_KEY"),
    ("the newest image, whatever it is", {"global": {"image": {"tag": "latest"}}}, "/global/image/tag"),
    ("memory without a unit that is one", {"billing": {"resources": {"limits": {"memory": "1 GB"}}}}, "memory"),
    ("simulated time without the demo", {"global": {"clock": "simulated"}}, "/global/demo"),
    (
        "an operator's PostgreSQL nowhere",
        {"global": {"postgresql": {**EXTERNAL, "cidrs": []}}},
        "/global/postgresql/cidrs",
    ),
    (
        "an operator's PostgreSQL without TLS",
        {"global": {"postgresql": {**EXTERNAL, "sslmode": "disable"}}},
        "/global/postgresql/sslmode",
    ),
    (
        "an operator's NATS nowhere",
        {"global": {"nats": {"inCluster": False, "cidrs": ["10.0.0.0/8"]}}},
        "/global/nats/url",
    ),
    (
        "a network that is none",
        {"billing": {"outside": [{"name": "x", "port": 443, "cidrs": ["everywhere"]}]}},
        "cidrs",
    ),
    ("two NATS servers, which cannot agree", {"nats": {"replicas": 2}}, "/nats/replicas"),
    ("a door without a name", {"ingress": {"enabled": True}}, "/ingress/host"),
    (
        "an open door to every namespace",
        {"global": {"ingressNamespaceSelector": {"matchLabels": {}, "x": 1}}},
        "'x' not allowed",
    ),
    (
        "more connections than the database has",
        {"billing": {"autoscaling": {"enabled": True, "maxReplicas": 9}}},
        "billing: 171 connections at most",
    ),
    ("databases with more connections than their server", {"postgresql": {"maxConnections": 200}}, "maxConnections"),
    ("simulators beside real patients", {"simulators": {"enabled": True}}, "global.demo"),
    (
        "ports the wrong way round",
        {"coturn": {"enabled": True, "relayPorts": {"from": 50000, "to": 49000}}},
        "relayPorts",
    ),
]


@pytest.mark.parametrize(("values", "told"), [case[1:] for case in NONSENSE], ids=[case[0] for case in NONSENSE])
def test_nonsense_is_refused(installer: Installer, values: dict[str, Any], told: str) -> None:
    """The schema or the chart itself says no, and says why."""
    with pytest.raises(helm.HelmError) as refused:
        installer.render(values)
    assert told in str(refused.value)


@pytest.mark.parametrize("name", list(VALUES_FILES))
def test_helm_finds_nothing_wrong(installer: Installer, name: str) -> None:
    """Helm's own linter has no warning for any values file."""
    assert charts.lint(installer.umbrella, helm.values_from_yaml(VALUES_FILES[name].read_text())) == []


def test_every_template_renders_something_somewhere(installer: Installer) -> None:
    """No template is dead: each has output with at least one of the values files, or with a demo's."""
    demo = installer.render({"global": {"demo": True}, "simulators": {"enabled": True}})
    everything = [installer.file(name) for name in VALUES_FILES] + [demo]
    paths = {path for installed in everything for path in installed.manifests}
    dead = [path for path in paths if not any(installed.manifests.get(path, "").strip() for installed in everything)]
    # The gateway has no database and therefore no migration; services have no HTTP door.
    assert [path for path in dead if "/charts/gateway" not in path] == []


def test_the_charts_package(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """`make charts` leaves two archives, and the umbrella's holds the generic chart."""
    assert charts.main([str(tmp_path)]) == 0
    archives = sorted(path.name for path in tmp_path.glob("*.tgz"))
    assert archives == ["polyclinic-0.1.0.tgz", "service-0.1.0.tgz"]
    assert "polyclinic-0.1.0.tgz" in capsys.readouterr().out
    with helm.Chart.load(tmp_path / "polyclinic-0.1.0.tgz") as chart:
        assert {each["name"] for each in chart.dependencies} == {"service"}
