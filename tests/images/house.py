"""All services of the rendered chart as containers on this machine: the chart's own commands, environments and names.

What Kubernetes would do is done by hand: each pod gets a loopback address of its own instead of a pod's, /etc/hosts says
what the cluster's DNS would say, and the certificates that cert-manager would make are made here.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.charts.rendering import NAMESPACE, RELEASE, Object, Rendered, containers, kebab, pod_of
from tests.chassis.authority import Authority

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what the chart says, and what is replaced here
NO_PROXY = [("grpc.enable_http_proxy", 0)]
# What the chart's restricted securityContext means to an engine.
RESTRICTED = [
    "--read-only",
    "--read-only-tmpfs=false",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--user=10001:10001",
]


@dataclass(frozen=True)
class Engine:
    """podman, and the environment it runs in."""

    program: str
    environment: dict[str, str]

    def __call__(self, *arguments: str, check: bool = True, seconds: float = 120) -> str:
        """What the engine prints. Raises AssertionError with what it said when it fails."""
        done = subprocess.run(
            [self.program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            env={**os.environ, **self.environment},
        )
        assert not check or done.returncode == 0, f"{arguments[:2]} → {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout


@dataclass
class House:
    """The running containers by component."""

    engine: Engine
    images: dict[str, str]
    installed: Rendered
    folder: Path
    postgres_port: int
    nats_port: int
    authority: Authority = field(default_factory=Authority)
    # Two houses on one machine have addresses apart.
    network: int = 1
    running: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        simulators = [
            name.removeprefix(f"{RELEASE}-")
            for name in self.installed.names("Deployment")
            if name.endswith("-simulator")
        ]
        components = [*self.installed.services, *sorted(simulators)]
        self.addresses = {component: f"127.0.{self.network}.{index}" for index, component in enumerate(components, 1)}
        names = {self.host(component): address for component, address in self.addresses.items()}
        names |= {self.host(server): "127.0.0.1" for server in ("postgresql", "nats")}
        self._hosts = [f"--add-host={name}:{address}" for name, address in names.items()]
        for component in self.installed.services:
            folder = self.authority.issue(self.folder / "tls" / component, self.host(component))
            for path in folder.iterdir():
                path.chmod(0o644)

    def host(self, component: str) -> str:
        return f"{RELEASE}-{kebab(component)}.{NAMESPACE}.svc.cluster.local"

    def migrate(self) -> None:
        """Runs every migration Job's container to its end, as the Job would."""
        for job in self.installed.of("Job"):
            if "-migrate-" in job["metadata"]["name"]:
                (container,) = containers(job)
                service = container["command"][2]
                self.engine("run", "--rm", *self._options(service, job, container), *container["command"], seconds=300)

    def start(self, component: str) -> None:
        """Runs the init container to its end and then starts the service."""
        deployment = self.installed.deployment(component)
        for waiting in pod_of(deployment)["spec"].get("initContainers", []):
            self.engine("run", "--rm", *self._options(component, deployment, waiting), *waiting["command"])
        (container,) = pod_of(deployment)["spec"]["containers"]
        name = f"polyclinic-test-{self.network}-{kebab(component)}"
        command = [each.replace(EVERYWHERE, self.addresses[component]) for each in container["command"]]
        self.engine("rm", "--force", "--ignore", name)
        self.engine("run", "--detach", f"--name={name}", *self._options(component, deployment, container), *command)
        self.running[component] = name

    def ready(self, component: str) -> bool:
        """What the kubelet's readiness probe would find."""
        (container,) = pod_of(self.installed.deployment(component))["spec"]["containers"]
        probe = container["readinessProbe"]
        address = self.addresses[component]
        if "grpc" in probe:
            with grpc.insecure_channel(f"{address}:{probe['grpc']['port']}", options=NO_PROXY) as channel:
                request = health_pb2.HealthCheckRequest(service=probe["grpc"]["service"])
                try:
                    status: int = health_pb2_grpc.HealthStub(channel).Check(request, timeout=2).status
                except grpc.RpcError:
                    return False
                return status == health_pb2.HealthCheckResponse.SERVING
        (port,) = [port["containerPort"] for port in container["ports"] if port["name"] == probe["httpGet"]["port"]]
        try:
            with urllib.request.urlopen(f"http://{address}:{port}{probe['httpGet']['path']}", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def wait_ready(self, component: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not self.ready(component):
            alive = self.engine("inspect", "--format={{.State.Running}}", self.running[component]).strip() == "true"
            assert alive, self.logs(component)
            assert time.monotonic() < deadline, self.logs(component)

    def logs(self, component: str) -> str:
        return self.engine("logs", "--tail=40", self.running[component], check=False)

    def stop(self, component: str) -> tuple[int, float]:
        """SIGTERM, and the pod's grace period; answers the exit code and the seconds it took."""
        name = self.running.pop(component)
        grace = pod_of(self.installed.deployment(component))["spec"]["terminationGracePeriodSeconds"]
        began = time.monotonic()
        self.engine("stop", f"--time={grace}", name, seconds=grace + 30)
        took = time.monotonic() - began
        code = int(self.engine("inspect", "--format={{.State.ExitCode}}", name).strip())
        self.engine("rm", "--force", name)
        return code, took

    def close(self) -> None:
        for name in self.running.values():
            self.engine("rm", "--force", "--time=0", name, check=False)

    def _options(self, component: str, workload: Object, container: Object) -> list[str]:
        environment = self.installed.resolved(container)
        address = self.addresses[component]
        for name, value in environment.items():
            # The servers' ports are free ones here, and every pod has a loopback address instead of all of its own.
            environment[name] = (
                value.replace(":5432/", f":{self.postgres_port}/")
                .replace(":4222", f":{self.nats_port}")
                .replace(EVERYWHERE, address)
            )
        image = self.images[container["image"].split(":")[0].removeprefix("polyclinic-")]
        options = [*RESTRICTED, "--network=host", *self._hosts]
        scratch = {volume["name"] for volume in pod_of(workload)["spec"]["volumes"] if "emptyDir" in volume}
        options += [
            f"--tmpfs={mount['mountPath']}:size=256m,mode=1777"
            for mount in container["volumeMounts"]
            if mount["name"] in scratch
        ]
        if any(mount["name"] == "tls" for mount in container["volumeMounts"]):
            options.append(f"--volume={self.folder / 'tls' / component}:/etc/polyclinic/tls:ro")
        return [*options, *[f"--env={name}={value}" for name, value in environment.items()], image]


def rest(base: str, method: str, path: str, body: Any = None, token: str = "", key: str = "") -> Any:
    """One REST call; the answer's JSON. Raises urllib.error.HTTPError for anything but success."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if key:
        headers["Idempotency-Key"] = key
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"{base}{path}", data=data, headers=headers, method=method)  # noqa: S310
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
        return json.loads(answer.read() or "null")


def status_of(base: str, method: str, path: str, token: str = "") -> int:
    """The status of one REST call, whatever it is."""
    try:
        rest(base, method, path, token=token)
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code
    return 200
