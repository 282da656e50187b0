"""Who may call whom: the chart's arrows are the architecture's and the code's, and the policies are the arrows."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from infra.local.plan import ROOT

from tests.charts.rendering import RELEASE, Object, Rendered, containers, kebab, pod_of

SERVICES = ROOT / "services"
# Folders of services/ that are no deployables.
NO_DEPLOYABLE = {"chassis"}
GRPC_PORT = 50051


def deployables() -> set[str]:
    """Every service of the code: a folder with a `__main__.py`."""
    return {path.parent.name for path in SERVICES.glob("*/__main__.py")} - NO_DEPLOYABLE


def peers_in_code(service: str) -> set[str]:
    """Whom a service calls, by its wiring: `service.peer("name", …)`, and identity's keys for everybody else."""
    tree = ast.parse((SERVICES / service / "__main__.py").read_text())
    named = {
        str(call.args[0].value)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "peer"
        and isinstance(call.args[0], ast.Constant)
    }
    return named | {"identity"} - {service}


def arrows_of_the_page() -> set[tuple[str, str]]:
    """The arrows of the architecture page that are named one by one: `billing → patient_registry`."""
    page = (ROOT / "docs" / "guides" / "architecture.md").read_text()
    (section,) = re.findall(r"Today's arrows, and no\s+others.*?projection\.", page, re.DOTALL)
    return set(re.findall(r"(\w+) → (\w+)", section))


def test_every_service_of_the_code_is_in_the_chart(installed: Rendered) -> None:
    """A new folder in services/ without its block in the umbrella fails here."""
    packages = {installed.values[component]["package"] for component in installed.services}
    assert packages == deployables()


def test_the_chart_has_the_codes_arrows(installed: Rendered) -> None:
    """A service may call exactly whom its wiring names; the gateway everybody, its streams whom they ask."""
    arrows = {component: set(targets) for component, targets in installed.values["global"]["arrows"].items()}
    gateway, streams = arrows.pop("gateway"), arrows.pop("gateway_streams")
    assert arrows == {service: peers_in_code(service) for service in deployables() - {"gateway"}}
    assert gateway == deployables() - {"gateway"}
    # GetLocation before a day's stream, OpenSignals before a video visit's.
    assert streams == {"identity", "telehealth"}


def test_the_chart_has_the_architectures_arrows(installed: Rendered) -> None:
    """Arrows between services are those that the architecture page names, beside everybody's to identity."""
    arrows = installed.values["global"]["arrows"]
    ours = {(a, b) for a, targets in arrows.items() if not a.startswith("gateway") for b in targets if b != "identity"}
    named = {(a, b) for a, b in arrows_of_the_page() if a in arrows and b in arrows}
    assert ours == {(a, b) for a, b in named if b != "identity"}


def pods(installed: Rendered) -> dict[str, dict[str, str]]:
    """Labels of every workload's pods, by the workload's component."""
    labels = [pod_of(workload)["metadata"]["labels"] for workload in installed.workloads]
    return {each["app.kubernetes.io/name"]: each for each in labels}


def selected(peer: Object, candidates: dict[str, dict[str, str]]) -> set[str]:
    """The components a policy's peer stands for; networks and namespaces as their text."""
    if "podSelector" in peer:
        wanted = peer["podSelector"]["matchLabels"].items()
        return {name for name, labels in candidates.items() if wanted <= labels.items()}
    if "ipBlock" in peer:
        return {f"network {peer['ipBlock']['cidr']}"}
    return {f"namespace {next(iter(peer['namespaceSelector']['matchLabels'].values()))}"}


def allowed(installed: Rendered, direction: str) -> set[tuple[str, str, int]]:
    """(component, other side, port) of every rule of a direction."""
    known = pods(installed)
    found = set()
    for policy in installed.of("NetworkPolicy"):
        subject = policy["spec"]["podSelector"]["matchLabels"].items()
        components = {name for name, labels in known.items() if subject <= labels.items()}
        for rule in policy["spec"].get(direction, []):
            for peer in rule.get("from" if direction == "ingress" else "to", []):
                others = selected(peer, known)
                assert others, f"{policy['metadata']['name']} names a peer that does not exist: {peer}"
                ports = {port["port"] for port in rule.get("ports", [])}
                found |= {(component, other, port) for component in components for other in others for port in ports}
    return found


def test_policies_are_the_arrows(installed: Rendered) -> None:
    """On the gRPC port exactly the arrows are open, on both sides of each."""
    arrows = {
        (kebab(caller), kebab(callee))
        for caller, callees in installed.values["global"]["arrows"].items()
        for callee in callees
    }
    leaving = {(a, b) for a, b, port in allowed(installed, "egress") if port == GRPC_PORT}
    arriving = {(b, a) for a, b, port in allowed(installed, "ingress") if port == GRPC_PORT}
    assert leaving == arrows
    assert arriving == arrows


def test_everything_else_is_said_too(installed: Rendered) -> None:
    """Beside the arrows pods reach DNS, NATS, their own database, telemetry and the outside parties they are for."""
    settings = installed.values["global"]
    databases = {kebab(each) for each in installed.services if installed.values[each]["database"]["enabled"]}
    outside = {kebab(each): installed.values[each]["outside"] for each in installed.services}
    for component, other, port in allowed(installed, "egress"):
        service = component.removesuffix("-migrate")
        if port == GRPC_PORT or other == "namespace kube-system":
            continue
        if port == settings["postgresql"]["port"]:
            assert service in databases or component == "postgresql-provision", component
        elif port == settings["nats"]["port"] or port == 4318:
            assert component in outside, component
        elif component in outside:
            known = {(party["port"], cidr) for party in outside[component] for cidr in party.get("cidrs", [])}
            assert (port, other.removeprefix("network ")) in known, (component, other, port)
        else:
            assert component in {"nats", "coturn"}, (component, other, port)


def test_databases_are_reached_by_their_owners_pods_only(installed: Rendered) -> None:
    """The gateway has no way to a database, and nobody to the health ports."""
    for component, _, port in allowed(installed, "egress"):
        assert not (component.startswith("gateway") and port == 5432)
    health = {installed.values[each]["healthPort"] for each in installed.services}
    assert not [rule for rule in allowed(installed, "ingress") if rule[2] in health]


def test_whatever_is_not_said_is_refused(installed: Rendered) -> None:
    """One policy without rules covers every pod of the release, in both directions."""
    policy = installed.one("NetworkPolicy", "default-deny")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in policy
    assert "egress" not in policy
    wanted = policy["podSelector"]["matchLabels"].items()
    for workload in installed.workloads:
        assert wanted <= pod_of(workload)["metadata"]["labels"].items(), workload["metadata"]["name"]


def test_addresses_are_the_arrows(installed: Rendered) -> None:
    """A service is told the address of whom it may call and of nobody else, by a name that spreads calls over all pods."""
    services = {each["metadata"]["name"]: each for each in installed.of("Service")}
    for component in installed.services:
        environment = installed.environment(component)
        told = {name: value for name, value in environment.items() if name.endswith("_ADDRESS")}
        targets = installed.values["global"]["arrows"][component]
        assert set(told) == {f"POLYCLINIC_{target.upper()}_ADDRESS" for target in targets}
        for target in targets:
            service = services[f"{RELEASE}-{kebab(target)}"]
            assert service["spec"]["clusterIP"] == "None"
            name = f"{service['metadata']['name']}.clinic.svc.cluster.local"
            assert (
                told[f"POLYCLINIC_{target.upper()}_ADDRESS"] == f"dns:///{name}:{service['spec']['ports'][0]['port']}"
            )
            if installed.values["global"]["tls"]["enabled"]:
                certificate = installed.one("Certificate", f"{kebab(target)}-tls")
                assert name in certificate["spec"]["dnsNames"]


def test_the_door_leads_streams_to_their_own_pods(installer: Any) -> None:
    """The Ingress sends /streams to the streams' pods and the rest to the API's."""
    installed = installer.file("values-large")
    (ingress,) = installed.of("Ingress")
    (rule,) = ingress["spec"]["rules"]
    ways = {path["path"]: path["backend"]["service"]["name"] for path in rule["http"]["paths"]}
    assert ways == {"/streams": f"{RELEASE}-gateway-streams", "/": f"{RELEASE}-gateway"}
    assert installed.environment("gateway")["POLYCLINIC_GATEWAY_ROLE"] == "api"
    # One proxy is in front, and only its word about the client's address is taken.
    assert installed.environment("gateway")["POLYCLINIC_TRUSTED_PROXIES"] == "1"
    assert installer.file("values").environment("gateway")["POLYCLINIC_TRUSTED_PROXIES"] == "0"
    assert installed.environment("gateway_streams")["POLYCLINIC_GATEWAY_ROLE"] == "streams"
    (one,) = {containers(installed.deployment(name))[0]["image"] for name in ("gateway", "gateway_streams")}
    assert Path(one.split(":")[0]).name == "polyclinic-gateway"
