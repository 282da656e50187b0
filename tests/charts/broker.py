"""A NATS server on the chart's own configuration."""

from __future__ import annotations

import os
from pathlib import Path

from infra.local import servers
from infra.local.process import Child, free_port

from tests.charts.rendering import Rendered


class Broker:
    """A NATS server that runs the chart's own configuration, but for its folder, its addresses and its ports.

    The passwords are the chart's own; ``certificates`` is a folder with tls.crt, tls.key and ca.crt where the chart has TLS.
    """

    def __init__(
        self,
        installed: Rendered,
        folder: Path,
        index: int = 0,
        routes: tuple[int, ...] = (),
        certificates: Path | None = None,
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.monitor_port = free_port()
        folder.mkdir()
        data = installed.one("ConfigMap", "nats-config")["data"]
        replacements = {
            "listen: 0.0.0.0:4222": f"listen: 127.0.0.1:{self.port}",
            "http: 8222": f"http: 127.0.0.1:{self.monitor_port}",
            "store_dir: /data": f"store_dir: {folder / 'store'}",
        }
        if routes:
            replacements["listen: 0.0.0.0:6222"] = f"listen: 127.0.0.1:{routes[index]}"
            for number, port in enumerate(routes):
                host = f"polyclinic-nats-{number}.polyclinic-nats.clinic.svc.cluster.local:6222"
                replacements[host] = f"127.0.0.1:{port}"
        if certificates is not None:
            replacements |= {
                f"/etc/polyclinic/tls/{name}": f"{certificates / name}" for name in ("tls.crt", "tls.key", "ca.crt")
            }
        text = data["nats.conf"]
        for old, new in replacements.items():
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (folder / "nats.conf").write_text(text)
        (folder / "authorization.conf").write_text(data["authorization.conf"])
        secret = installed.secrets["polyclinic-nats-credentials"]
        environment = {name.upper().replace("-", "_"): value for name, value in secret.items()}
        environment |= {"POD_NAME": f"polyclinic-nats-{index}", "PATH": os.environ["PATH"]}
        command = [str(servers._nats_server()), "-c", str(folder / "nats.conf")]
        self.child = Child("NATS", command, log=folder / "nats.log", environment=environment)
        self.child.start()
