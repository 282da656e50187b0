"""``python -m gateway``: settings → gunicorn → in each worker telemetry, contracts, routes, streams."""

from __future__ import annotations

import sys

from chassis.settings import SettingsError
from gateway.server import Server
from gateway.settings import Settings


def main() -> None:
    """Serves until SIGTERM or SIGINT; open requests are finished, streams are ended."""
    try:
        settings = Settings.from_environment()
    except SettingsError as error:
        sys.exit(f"gateway: {error}")
    Server(settings).run()


if __name__ == "__main__":
    main()
