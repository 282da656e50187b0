"""What the cluster test needs of kubectl: forwarded ports, secrets and files of pods."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import tarfile
import threading
from io import BytesIO
from pathlib import Path
from typing import IO, Final, Protocol

FORWARDED: Final = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+)")
FORWARD_SECONDS: Final = 30.0
# Packs a folder on the pod's side with what every image has: Python.
PACK: Final = """
import sys, tarfile
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as packed:
    packed.add(sys.argv[1], arcname=".")
"""


class ClusterError(Exception):
    """The cluster did not do what was asked; the message is one line."""


class Cluster(Protocol):
    """The way into a release: what is asked of kubectl, or of its stand-in where the driver itself is tried."""

    def forward(self, service: str, port: int) -> int:
        """A port of 127.0.0.1 that leads to a port of the release's Service ``service``."""

    def secret(self, name: str, key: str) -> str:
        """One entry of a Secret of the release."""

    def read(self, component: str, path: str) -> bytes:
        """A file in the pod of a component."""

    def folder(self, component: str, path: str, target: Path) -> None:
        """Copies a folder of a component's pod into ``target``."""

    def close(self) -> None:
        """Ends what was opened."""


class Forward:
    """A ``kubectl port-forward`` that is started again, on the same local port, when its pod was replaced."""

    def __init__(self, command: list[str], service: str, port: int) -> None:
        self._command = command
        self._target = service
        self._port = port
        self._closing = threading.Event()
        self._process, self.local = self._open(0)
        threading.Thread(target=self._keep, name=f"forward {service}", daemon=True).start()

    def close(self) -> None:
        self._closing.set()
        self._process.terminate()
        self._process.wait(10)
        self._reader.join(10)

    def _open(self, local: int) -> tuple[subprocess.Popen[str], int]:
        ports = f"{local or ''}:{self._port}"
        process = subprocess.Popen(
            [*self._command, "port-forward", "--address=127.0.0.1", f"service/{self._target}", ports],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        timer = threading.Timer(FORWARD_SECONDS, process.kill)
        timer.start()
        said = []
        output: IO[str] = process.stdout  # type: ignore[assignment]
        for line in output:
            said.append(line.strip())
            if found := FORWARDED.search(line):
                timer.cancel()
                # Each connection is told; nobody reads that, and a full pipe would stop the forwarding.
                self._reader = threading.Thread(target=_swallow, args=(output,), daemon=True)
                self._reader.start()
                return process, int(found[1])
        timer.cancel()
        raise ClusterError(f"port {self._port} of service/{self._target} cannot be forwarded: {' '.join(said[-2:])}")

    def _keep(self) -> None:
        while True:
            self._process.wait()
            if self._closing.wait(0.5):
                return
            try:
                self._process, _ = self._open(self.local)
            except ClusterError:
                self._closing.wait(2)


def _swallow(output: IO[str]) -> None:
    with output:
        output.read()


class Kubectl:
    """A release in a namespace of the cluster that the kubeconfig names."""

    def __init__(self, release: str, namespace: str, context: str = "") -> None:
        program = shutil.which("kubectl")
        if program is None:
            raise ClusterError("kubectl is needed for the cluster test and is not installed")
        self._release = release
        self._command = [program, f"--namespace={namespace}", *([f"--context={context}"] if context else [])]
        self._forwards: list[Forward] = []

    def forward(self, service: str, port: int) -> int:
        made = Forward(self._command, f"{self._release}-{service}", port)
        self._forwards.append(made)
        return made.local

    def secret(self, name: str, key: str) -> str:
        document = json.loads(self._run("get", "secret", f"{self._release}-{name}", "--output=json"))
        return base64.b64decode(document["data"][key]).decode()

    def read(self, component: str, path: str) -> bytes:
        return self._run("exec", f"deployment/{self._release}-{component}", "--", "cat", path)

    def folder(self, component: str, path: str, target: Path) -> None:
        packed = self._run("exec", f"deployment/{self._release}-{component}", "--", "python", "-c", PACK, path)
        target.mkdir(parents=True, exist_ok=True)
        with tarfile.open(fileobj=BytesIO(packed)) as archive:
            archive.extractall(target, filter="data")

    def close(self) -> None:
        for forward in self._forwards:
            forward.close()

    def _run(self, *arguments: str) -> bytes:
        done = subprocess.run([*self._command, *arguments], capture_output=True, check=False, timeout=300)
        if done.returncode != 0:
            raise ClusterError(f"kubectl {arguments[0]} {arguments[1]}: {done.stderr.decode().strip()[-300:]}")
        return done.stdout
