"""The cluster's release has the shape the day needs, and its values fit the chart and the simulators."""

from __future__ import annotations

import ast
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from infra.cluster import __main__ as cluster_test
from infra.cluster import kubectl as kubectl_module
from infra.cluster.kubectl import PACK, ClusterError, Kubectl
from infra.cluster.system import SECRETS, SIMULATOR_PORTS, ClusterStack
from infra.local.plan import CLEARINGHOUSE_SUBMITTER, ROOT, SIMULATORS
from infra.local.servers import SERVICES

from tests.charts.conftest import installer  # noqa: F401  (the fixture)
from tests.charts.rendering import Installer, Rendered, containers, kebab, pod_of

# The day's own parts that kill and restart: they are for the laptop's stack.
LAPTOP_ONLY = {"chaos.py", "__main__.py"}


@pytest.fixture(scope="module")
def release(installer: Installer) -> Rendered:  # noqa: F811
    """What `make cluster-test` installs."""
    return installer.render(cluster_test.values_for("clinic", "registry.example.org/clinics/polyclinic-", "1.2.3"))


class Recorded:
    """A cluster that answers from what the chart renders, and opens no port."""

    def __init__(self, release: Rendered) -> None:
        self.release = release
        self.forwarded: list[tuple[str, int]] = []

    def forward(self, service: str, port: int) -> int:
        ports = [each["port"] for each in self.release.one("Service", service)["spec"]["ports"]]
        assert port in ports
        self.forwarded.append((service, port))
        return 10_000 + len(self.forwarded)

    def secret(self, name: str, key: str) -> str:
        return self.release.secrets[f"polyclinic-{name}"][key]

    def read(self, component: str, path: str) -> bytes:
        assert self.release.environment(component)["POLYCLINIC_REQUEST_LOG"] == path
        return b"{}\n"

    def folder(self, component: str, path: str, target: Path) -> None:
        (container,) = pod_of(self.release.deployment(component))["spec"]["containers"]
        assert path in {mount["mountPath"] for mount in container["volumeMounts"]}
        (target / "outbound").mkdir(parents=True)

    def close(self) -> None:
        self.forwarded.clear()


def asked_of_the_stack() -> set[str]:
    """Every attribute of the stack, and of its parts, that the day's code asks for: `stack.plan.secrets` and so on."""
    found: set[str] = set()
    for path in (ROOT / "infra" / "day").rglob("*.py"):
        if path.name in LAPTOP_ONLY:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                chain = ast.unparse(node)
                for start in ("day.stack.", "self.stack.", "self._stack."):
                    if chain.startswith(start):
                        found.add(chain.removeprefix(start).split("(")[0])
    return found


def test_a_release_can_be_asked_whatever_the_day_asks(release: Rendered, tmp_path: Path) -> None:
    """The day's steps and proofs find on a cluster everything that they use of the laptop's stack."""
    stack = ClusterStack(Recorded(release), tmp_path, "http://gateway.example")
    asked = asked_of_the_stack()
    assert {"url", "services", "simulator_folder", "plan.secrets.get", "plan.request_log"} <= asked
    for chain in asked:
        part: Any = stack
        for name in chain.split("."):
            part = getattr(part, name)
    assert stack.plan.request_log.read_text() == "{}\n"
    assert (stack.simulator_folder("clearinghouse") / "outbound").is_dir()
    assert stack.postgres.admin_url("billing").endswith("/billing")
    assert stack.nats.url("ops").startswith("nats://ops:")


def test_the_days_secrets_are_the_releases(release: Rendered, tmp_path: Path) -> None:
    """Each secret that the day uses is in the Secret that the process on the other side reads."""
    stack = ClusterStack(Recorded(release), tmp_path, "http://gateway.example")
    values = {name: stack.plan.secrets.get(name) for name in SECRETS}
    assert all(values.values())
    simulator = release.resolved(containers(release.deployment("clearinghouse-simulator"))[0])
    assert simulator["POLYCLINIC_CLEARINGHOUSE_SECRET"] == values["clearinghouse"]
    assert simulator["POLYCLINIC_CLEARINGHOUSE_SUBMITTER"] == CLEARINGHOUSE_SUBMITTER
    assert "POLYCLINIC_CARD_PUBLISHABLE_KEY" not in simulator
    with pytest.raises(KeyError):
        stack.plan.secrets.get("something else")


def test_every_process_answers_a_step_under_the_name_the_day_expects(release: Rendered) -> None:
    """Business time goes on when every service's process has acknowledged by its instance's name."""
    instances = {release.environment(service)["POLYCLINIC_INSTANCE"] for service in SERVICES}
    assert instances == {f"{service}-1" for service in SERVICES}
    assert {release.deployment(service)["spec"]["replicas"] for service in SERVICES} == {1}
    assert {release.environment(service)["POLYCLINIC_CLOCK"] for service in SERVICES} == {"simulated"}


def test_the_services_know_the_simulators_and_may_reach_them(release: Rendered) -> None:
    """Addresses in the settings are Services of the release with that port; the policies on both sides agree."""
    services = {each["metadata"]["name"]: each for each in release.of("Service")}
    wanted = {
        ("billing", "CLEARINGHOUSE_URL"): "clearinghouse",
        ("billing", "CARD_URL"): "cards",
        ("notifications", "SMS_URL"): "sms",
    }
    for (component, setting), simulator in wanted.items():
        url = release.environment(component)[f"POLYCLINIC_{setting}"]
        host, port = url.removeprefix("http://").split(":")
        service = services[host.split(".")[0]]
        assert service["metadata"]["name"] == f"polyclinic-{simulator}-simulator"
        assert int(port) in {each["port"] for each in service["spec"]["ports"]}
        assert int(port) == SIMULATOR_PORTS[simulator]
    assert release.environment("notifications")["POLYCLINIC_SMTP_HOST"].split(".")[0] in services
    for simulator in SIMULATORS:
        policy = release.one("NetworkPolicy", f"{simulator}-simulator")["spec"]
        (rule,) = policy["ingress"]
        caller = rule["from"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/name"]
        assert {"name", "port", "component"} <= {key for party in release.values[caller]["outside"] for key in party}
        reached = {(party["component"], party["port"]) for party in release.values[caller]["outside"]}
        assert (f"{simulator}-simulator", rule["ports"][0]["port"]) in reached
        # Its webhooks come in by the gateway.
        assert any(
            peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"] == "gateway"
            for rule in policy["egress"]
            for peer in rule["to"]
            if "podSelector" in peer
        )


def test_webhooks_may_come_in_where_they_are_signed_for(release: Rendered) -> None:
    """The simulators reach the gateway under the public URL that signatures are made over, and its policy lets them."""
    host = release.values["global"]["publicUrl"].removeprefix("http://").split(".")[0]
    assert host in release.names("Service")
    policy = release.one("NetworkPolicy", "gateway")["spec"]
    allowed = {
        peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"]
        for rule in policy["ingress"]
        for peer in rule["from"]
        if "podSelector" in peer
    }
    assert {f"{simulator}-simulator" for simulator in SIMULATORS} <= allowed


def test_the_images_are_the_ones_given(release: Rendered) -> None:
    """Registry, prefix and tag of the command line reach every image of ours."""
    ours = {
        container["image"]
        for workload in release.workloads
        for container in containers(workload)
        if "polyclinic" in container["image"]
    }
    assert {image.split(":")[0].rsplit("/", 1)[0] for image in ours} == {"registry.example.org/clinics"}
    assert {image.rsplit(":", 1)[1] for image in ours} == {"1.2.3"}
    assert {f"polyclinic-{kebab(service)}" for service in SERVICES} <= {
        image.split("/")[-1].split(":")[0] for image in ours
    }


def test_a_pods_folder_is_packed_by_what_the_pod_has(tmp_path: Path) -> None:
    """The program that packs a folder in the pod needs Python only, and what it writes is unpacked here."""
    import subprocess
    import sys

    (tmp_path / "outbound").mkdir()
    (tmp_path / "outbound" / "batch.x12").write_bytes(b"ISA*")
    packed = subprocess.run([sys.executable, "-c", PACK, str(tmp_path)], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert archive.extractfile("./outbound/batch.x12").read() == b"ISA*"  # type: ignore[union-attr]


FAKE_KUBECTL = """#!{python}
import base64, json, sys, threading
arguments = sys.argv[1:]
if "port-forward" in arguments:
    print("Forwarding from 127.0.0.1:" + (arguments[-1].split(":")[0] or "23456") + " -> 80", flush=True)
    threading.Event().wait(60)
elif "get" in arguments:
    print(json.dumps({{"data": {{"key": base64.b64encode(b"value").decode()}}}}))
elif "cat" in arguments:
    print(arguments[1:])
else:
    sys.exit("error: the server has no such resource")
"""


def test_kubectl_is_asked_for_this_release_in_its_namespace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ports, secrets and files are asked for by the release's names; a refusal is one line."""
    import sys

    program = tmp_path / "kubectl"
    program.write_text(FAKE_KUBECTL.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setattr(kubectl_module.shutil, "which", lambda _name: str(program))
    cluster = Kubectl("polyclinic", "clinic")
    try:
        assert cluster.forward("gateway", 80) == 23456
        assert cluster.secret("identity-credentials", "key") == "value"
        said = cluster.read("gateway", "/data/x").decode()
        assert "deployment/polyclinic-gateway" in said
        with pytest.raises(ClusterError, match="no such resource"):
            cluster.folder("gateway", "/data", tmp_path / "there")
    finally:
        cluster.close()
    monkeypatch.setattr(kubectl_module.shutil, "which", lambda _name: None)
    with pytest.raises(ClusterError, match="not installed"):
        Kubectl("polyclinic", "clinic")


def test_the_values_are_written_down_where_a_person_looks() -> None:
    """The file that is installed with is the one in the repository, but for image and address."""
    written = yaml.safe_load(cluster_test.VALUES.read_text())
    made = cluster_test.values_for("somewhere", "polyclinic-", "")
    assert made["global"].pop("image") == {"registry": "", "prefix": "polyclinic-", "tag": ""}
    assert made["global"].pop("publicUrl") == "http://polyclinic-gateway.somewhere.svc.cluster.local"
    written["global"].pop("publicUrl")
    assert made == written
