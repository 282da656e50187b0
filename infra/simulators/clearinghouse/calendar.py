"""Does planned work when its time comes: publishes acknowledgements, answers claims, runs payments."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from typing import Any

from infra.simulators.clearinghouse.desk import acknowledge_claims
from infra.simulators.clearinghouse.intake import CONFLICT, receive
from infra.simulators.clearinghouse.office import Office
from infra.simulators.clearinghouse.payment_run import run_payments
from infra.simulators.kit.clock import BusinessClock
from infra.simulators.x12 import read


class Calendar:
    """Works through what is due in order of its time; each piece and its removal are one transaction."""

    def __init__(self, office: Office, clock: BusinessClock) -> None:
        self._office = office
        self._clock = clock
        self._working = threading.Lock()

    def work(self) -> None:
        """Takes files from the drop folder and does everything due by now, including what that work makes due."""
        with self._working:
            self._take_files()
            now = self._clock.now()
            while (row := self._office.store.next_due(now)) is not None:
                with self._office.store.database.transaction():
                    self._do(row["kind"], json.loads(row["detail"]), datetime.fromisoformat(row["at"]))
                    self._office.store.done(row["id"])

    def _do(self, kind: str, detail: dict[str, Any], at: datetime) -> None:
        match kind:
            case "publish":
                body = detail["body"].encode()
                self._office.publish(detail["submitter"], detail["name"], detail["file_kind"], body, at)
            case "claim_acknowledgement":
                acknowledge_claims(self._office, detail["submission"], detail["payer"], detail["batch"], at)
            case "payment_run":
                run_payments(self._office, detail["payer"], at)

    def _take_files(self) -> None:
        folder = self._office.drop_folder
        for path in folder.waiting() if folder else ():
            body = path.read_bytes()
            result = receive(self._office, read(body)[0].sender, path.name, body, self._clock.now())
            if folder and result == CONFLICT:
                folder.refuse(path)
            else:
                path.unlink()
