"""A clearinghouse in process, driven over its HTTP interface, with business time stepped by the test."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from infra.simulators.clearinghouse.app import create_app
from infra.simulators.clearinghouse.calendar import Calendar
from infra.simulators.clearinghouse.drop_folder import DropFolder
from infra.simulators.clearinghouse.office import Office
from infra.simulators.clearinghouse.store import Store
from infra.simulators.clearinghouse.tables import TABLES
from infra.simulators.kit.clock import BusinessClock
from infra.simulators.kit.database import Database

from tests.simulators.balances import SetSum, read_sets
from tests.simulators.populations import SUBMITTER, SampleClaim, interchange

START = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)
# Nothing is left to chance: tests say what shall happen, each by itself.
CERTAIN = {
    "rejection_fraction": 0.0,
    "denial_fraction": 0.0,
    "reversal_fraction": 0.0,
    "drop_modifier_fraction": 0.0,
    "drop_line_reference_fraction": 0.0,
    "crossover_fraction": 0.0,
    "days_to_277ca": [1, 1],
    "days_to_payment": [14, 14],
}


@dataclass
class House:
    """The clearinghouse as a submitter and the driver see it."""

    client: FlaskClient
    folder: Path
    seen: int = 0
    control: int = 0
    now: datetime = START

    def headers(self, submitter: str = SUBMITTER) -> dict[str, str]:
        """HTTP Basic for a submitter."""
        return {"Authorization": "Basic " + base64.b64encode(f"{submitter}:secret".encode()).decode()}

    def configure(self, **options: Any) -> None:
        """PUTs a configuration in which nothing happens by chance but `options`; `payers` are overlaid one by one."""
        payers = {payer: dict(CERTAIN) for payer in ("MEDB1", "MCD01", "COMM1", "COMM2")}
        for payer, overlay in options.pop("payers", {}).items():
            payers[payer] = {**CERTAIN, **overlay}
        body = {"payers": payers, "unknown_member_fraction": 0.0, "inactive_member_fraction": 0.0, **options}
        answer = self.client.put("/_sim/config", json=body)
        assert answer.status_code == 200, answer.text

    def clock(self, **later: float) -> dict[str, Any]:
        """Moves business time on by a timedelta's arguments."""
        self.now += timedelta(**later)
        answer = self.client.post("/_sim/clock", json={"now": self.now.isoformat()})
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def put(self, name: str, body: bytes, submitter: str = SUBMITTER) -> int:
        """Sends a file; the status code."""
        return self.client.put(f"/v1/outbound/{name}", data=body, headers=self.headers(submitter)).status_code

    def send(self, *claims: SampleClaim, batch: str = "") -> None:
        """Sends claims as one new file."""
        self.control += 1
        body = interchange(list(claims), self.control, batch=batch or f"BATCH{self.control}")
        assert self.put(f"claims-{self.control}.837", body) == 201

    def new_files(self, kind: str = "") -> list[str]:
        """The texts of inbound files that appeared since the last call, of one kind if given."""
        listing = self.client.get(f"/v1/inbound?after={self.seen}&limit=1000", headers=self.headers()).get_json()
        texts = []
        for file in listing["files"]:
            self.seen = int(file["cursor"])
            body = self.client.get(f"/v1/inbound/{file['name']}", headers=self.headers()).data
            assert len(body) == file["size"]
            if kind in ("", file["kind"]):
                texts.append(body.decode())
        return texts

    def payments(self) -> list[SetSum]:
        """The remittance sets that appeared since the last call."""
        return [payment for text in self.new_files("835") for payment in read_sets(text)]

    def state(self) -> dict[str, Any]:
        """GET /_sim/state."""
        return dict(self.client.get("/_sim/state").get_json())

    def realtime(self, body: bytes) -> tuple[int, str]:
        """Asks a question and waits for the answer."""
        answer = self.client.post("/v1/realtime", data=body, headers=self.headers())
        return answer.status_code, answer.text


def open_house(folder: Path, seed: int = 1) -> tuple[House, Database]:
    """A clearinghouse over a folder; the same folder again goes on where it was left."""
    database = Database(folder / "clearinghouse.sqlite3", TABLES)
    clock = BusinessClock(database)
    office = Office(Store(database), seed, DropFolder(folder))
    app = create_app(office, clock, Calendar(office, clock))
    app.testing = True
    house = House(app.test_client(), folder)
    house.now = max(house.now, clock.now()) if clock.simulated else house.now
    house.clock()
    return house, database


@pytest.fixture
def make_house(tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Opens clearinghouses: `make_house(seed, name)`; the same name opens the same data again."""
    opened: list[Database] = []

    def make(seed: int = 1, name: str = "house") -> House:
        house, database = open_house(tmp_path / name, seed)
        opened.append(database)
        return house

    yield make
    for database in opened:
        database.close()


@pytest.fixture
def house(make_house: Callable[..., House]) -> House:
    """A clearinghouse in which nothing happens by chance."""
    made = make_house(1)
    made.configure()
    return made


def segments(text: str, name: str) -> list[str]:
    """The segments of a kind in a file written with the usual separators."""
    return [segment.strip() for segment in text.split("~") if segment.strip().split("*")[0] == name]


def dump(value: object) -> str:
    """JSON for messages."""
    return json.dumps(value, indent=1, default=str)
