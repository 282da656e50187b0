"""Clearinghouse with payers: `python -m infra.simulators.clearinghouse --port 4201 --data DIR --seed 1`."""

from __future__ import annotations

from infra.simulators.clearinghouse.app import create_app
from infra.simulators.clearinghouse.calendar import Calendar
from infra.simulators.clearinghouse.drop_folder import DropFolder
from infra.simulators.clearinghouse.office import Office
from infra.simulators.clearinghouse.store import Store
from infra.simulators.clearinghouse.tables import TABLES
from infra.simulators.kit.clock import BusinessClock
from infra.simulators.kit.database import Database
from infra.simulators.kit.web import serve, standard_arguments
from infra.simulators.settings import Settings


def main() -> None:
    """Wires and serves."""
    arguments = standard_arguments("Clearinghouse with payers that adjudicate", port=4201).parse_args()
    database = Database(arguments.data / "clearinghouse.sqlite3", TABLES)
    clock = BusinessClock(database)
    office = Office(Store(database), arguments.seed, DropFolder(arguments.data), Settings.from_environment().submitters)
    calendar = Calendar(office, clock)
    app = create_app(office, clock, calendar)
    serve(app, arguments.host, arguments.port, "clearinghouse", clock, calendar.work)


if __name__ == "__main__":
    main()
