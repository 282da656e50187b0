"""Each simulator as a process of its own: starts, is killed, starts again and has lost nothing it acknowledged."""

from __future__ import annotations

import base64
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.simulators.populations import SampleClaim, interchange
from tests.simulators.receiver import receiving

ROOT = Path(__file__).parents[2]
AUTH = {"Authorization": "Basic " + base64.b64encode(b"CLINIC1:secret").decode()}


def free_port() -> int:
    """A port nobody listens on at present."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def call(method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Any:
    """An HTTP call; the JSON answer."""
    request = urllib.request.Request(url, data=body, headers=headers or {}, method=method)  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
        return json.loads(response.read())


def clock(url: str, now: str) -> Any:
    """Steps business time."""
    body = json.dumps({"now": now}).encode()
    return call("POST", f"{url}/_sim/clock", body, {"Content-Type": "application/json"})


@contextmanager
def running(name: str, data: Path) -> Iterator[tuple[str, int]]:
    """Runs a simulator while the block runs: (control URL, process id); it is killed at the end, without a word."""
    port = free_port()
    command = [sys.executable, "-m", f"infra.simulators.{name}", "--port", str(port), "--data", str(data)]
    if name == "smtp":
        port = free_port()
        command += ["--http-port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "listens on" in line, process.communicate(timeout=5)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=10)


def test_an_acknowledged_claim_file_survives_a_kill(tmp_path: Path) -> None:
    """Killed right after 201: the 999 and the 277CA still come, and the file is known."""
    body = interchange([SampleClaim("C1")])
    with running("clearinghouse", tmp_path) as (url, _):
        clock(url, "2026-03-02T20:00:00Z")
        assert call("PUT", f"{url}/v1/outbound/a.837", body, AUTH)["result"] == "new"
    with running("clearinghouse", tmp_path) as (url, _):
        assert call("PUT", f"{url}/v1/outbound/a.837", body, AUTH)["result"] == "same"
        clock(url, "2026-03-05T20:00:00Z")
        files = call("GET", f"{url}/v1/inbound", headers=AUTH)["files"]
        assert [file["kind"] for file in files] == ["999", "277CA"]


def test_a_step_with_nothing_due_is_quick(tmp_path: Path) -> None:
    """With 200 claims waiting, an idle step of the clock takes less than 10 ms of the simulator's CPU."""
    claims = [SampleClaim(f"C{n}", member=f"W{n}") for n in range(200)]
    with running("clearinghouse", tmp_path) as (url, pid):
        clock(url, "2026-03-02T20:00:00Z")
        call("PUT", f"{url}/v1/outbound/a.837", interchange(claims), AUTH)
        clock(url, "2026-03-04T20:00:00Z")
        before = psutil.Process(pid).cpu_times()
        for second in range(30):
            clock(url, f"2026-03-04T20:00:{second:02d}Z")
        after = psutil.Process(pid).cpu_times()
        assert after.user + after.system - before.user - before.system < 30 * 0.010


def test_pending_webhooks_survive_a_kill_and_a_dead_receiver(tmp_path: Path) -> None:
    """Callbacks that were due while the receiver was away arrive once it is back, also from a new process."""
    with receiving() as receiver:
        address = receiver.url
    form = f"To=%2B13035550199&From=%2B13035550100&Body=Hi&ClientReference=r1&StatusCallback={address}/status".encode()
    headers = {"Authorization": "Basic " + base64.b64encode(b"AC1:token").decode()}
    with running("sms", tmp_path) as (url, _):
        clock(url, "2026-03-02T20:00:00Z")
        sid = call("POST", f"{url}/2010-04-01/Accounts/AC1/Messages.json", form, headers)["sid"]
        clock(url, "2026-03-02T20:05:00Z")
        assert call("GET", f"{url}/_sim/state")["webhooks_pending"] == 2
    with receiving(int(address.rsplit(":", 1)[1])) as receiver, running("sms", tmp_path) as (url, _):
        assert receiver.wait(2)
        assert sid.encode() in receiver.taken[0][2]
        deadline = time.monotonic() + 30
        while call("GET", f"{url}/_sim/state")["webhooks_pending"] and time.monotonic() < deadline:
            receiver.wait(3, 0.05)
        assert call("GET", f"{url}/_sim/state")["webhooks_pending"] == 0


@pytest.mark.parametrize("name", ["clearinghouse", "sms", "smtp", "cards"])
def test_a_taken_port_is_said_in_one_line(name: str, tmp_path: Path) -> None:
    """A simulator whose port is in use ends with one clear line."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", f"infra.simulators.{name}", "--port", port, "--data", str(tmp_path)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode != 0
    assert ended.stderr.strip() == f"{name}: port {port} on 127.0.0.1 is taken"
