"""``python -m infra.cluster`` (``make cluster-test``): install on the kubeconfig's cluster, live the day there, prove it.

1. The charts are assembled and installed by Helm's own engine with ``infra/cluster/values.yaml``: a trial in simulated
   time, with simulators, in a namespace of its own. Helm waits until everything is ready.
2. Ports of the gateway, the simulators, NATS and PostgreSQL are forwarded to this machine.
3. The same steps and invariants as in ``make day`` are gone through, all requests through the gateway.
4. The release and its namespace are taken away, unless ``--keep``.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import helm_python as helm
import yaml
from rich.console import Console

from infra.cluster import charts
from infra.cluster.kubectl import ClusterError, Kubectl
from infra.cluster.system import ClusterStack
from infra.day.__main__ import live
from infra.day.client import ApiError
from infra.day.clock import ClockError
from infra.day.context import Options
from infra.day.observe import Stuck
from infra.day.progress import Progress

VALUES: Final = Path(__file__).parent / "values.yaml"
RELEASE: Final = "polyclinic"
# What Pod Security calls the strictest: the cluster itself refuses a pod that is not restricted.
RESTRICTED: Final = "pod-security.kubernetes.io/enforce=restricted"


def values_for(namespace: str, images: str, tag: str) -> dict[str, Any]:
    """The values of the test's release; ``images`` is registry and prefix, e.g. ``registry.example.org/polyclinic-``."""
    values: dict[str, Any] = yaml.safe_load(VALUES.read_text())
    settings = values["global"]
    settings["publicUrl"] = f"http://{RELEASE}-gateway.{namespace}.svc.cluster.local"
    registry, _, prefix = images.rpartition("/")
    settings["image"] = {"registry": registry, "prefix": prefix, "tag": tag}
    return values


def install(namespace: str, values: dict[str, Any], timeout: int) -> None:
    """Installs the release and waits until it is ready. Raises ClusterError with what Helm says."""
    with tempfile.TemporaryDirectory() as folder:
        umbrella = charts.assemble(Path(folder))
        try:
            with helm.Config(namespace=namespace) as configuration:
                configuration.install(umbrella, RELEASE, values, wait="watcher", timeout=timeout)
        except helm.HelmError as error:
            raise ClusterError(f"the release could not be installed: {error}") from error


def kubectl(*arguments: str) -> None:
    """One command, whose failure is a ClusterError of one line."""
    done = subprocess.run(["kubectl", *arguments], capture_output=True, text=True, check=False)  # noqa: S607
    if done.returncode != 0:
        raise ClusterError(f"kubectl {arguments[0]}: {done.stderr.strip()[-300:]}")


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when every invariant holds, 1 with a clear line otherwise."""
    parser = argparse.ArgumentParser(prog="python -m infra.cluster", description="Live the clinic day on a cluster.")
    parser.add_argument(
        "--images", default="polyclinic-", help="registry and prefix of the images the cluster can pull"
    )
    parser.add_argument("--tag", default="", help="their tag (default: the chart's appVersion)")
    parser.add_argument("--namespace", default="polyclinic-test", help="made for the test and deleted after it")
    parser.add_argument("--visits", type=int, default=220)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--timeout", type=int, default=900, help="seconds for everything to become ready")
    parser.add_argument("--keep", action="store_true", help="leave the release as it is after the day")
    parser.add_argument("--out", type=Path, default=charts.ROOT / "out" / "cluster-day")
    chosen = parser.parse_args(arguments)
    console = Console(highlight=False)
    if shutil.which("kubectl") is None:
        print("cluster-test: kubectl is needed, and a kubeconfig that names a cluster", file=sys.stderr)
        return 1
    options = Options(chosen.visits, chosen.seed, None, chaos=False, keep=chosen.keep, out=chosen.out)
    values = values_for(chosen.namespace, chosen.images, chosen.tag)
    created = False
    try:
        kubectl("create", "namespace", chosen.namespace)
        created = True
        kubectl("label", "namespace", chosen.namespace, RESTRICTED)
        with Progress(console) as progress, tempfile.TemporaryDirectory() as folder:
            progress.step(f"installing into {chosen.namespace} and waiting until it is ready")
            install(chosen.namespace, values, chosen.timeout)
            cluster = Kubectl(RELEASE, chosen.namespace)
            try:
                stack = ClusterStack(cluster, Path(folder), values["global"]["publicUrl"])
                report = live(options, stack, progress)  # type: ignore[arg-type]
            finally:
                cluster.close()
        console.print(report.summary())
        return 0 if report.passed else 1
    except (ClusterError, ApiError, Stuck, ClockError) as error:
        console.print(f"[red]the day broke off:[/red] {error}")
        return 1
    finally:
        if created and not chosen.keep:
            kubectl("delete", "namespace", chosen.namespace, "--wait=false")


if __name__ == "__main__":
    sys.exit(main())
