"""What the parts of the clearinghouse share: store, seed, the configuration in force, and the way out for files."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from infra.simulators.clearinghouse import config as configuration
from infra.simulators.clearinghouse.config import Config, Payer
from infra.simulators.clearinghouse.drop_folder import DropFolder
from infra.simulators.clearinghouse.members import Benefits, OtherCoverage, benefits_of, check_members
from infra.simulators.clearinghouse.store import Store
from infra.simulators.kit.chance import fraction
from infra.simulators.x12 import Composer


class Office:
    """Passed to every part; holds no state of its own besides the parsed configuration."""

    def __init__(
        self,
        store: Store,
        seed: int,
        drop_folder: DropFolder | None = None,
        submitters: Mapping[str, str] | None = None,
    ) -> None:
        """`drop_folder` shows what comes and goes as files, None = over HTTP only; `submitters` (id → secret) are those
        known without configuration."""
        self._submitters = dict(submitters or {})
        self.store = store
        self.seed = seed
        self.drop_folder = drop_folder
        self.config: Config = self._parse(store.database.setting("config", {}))

    def configure(self, body: dict[str, Any]) -> Config:
        """Replaces the configuration: the defaults overlaid by `body`. Raises ConfigError."""
        config = self._parse(body)
        check_members(config)
        self.store.database.save_setting("config", body)
        self.config = config
        return config

    def _parse(self, body: dict[str, Any]) -> Config:
        return configuration.parse(body, self._submitters)

    def payer(self, identity: str) -> Payer:
        """A payer by its id. Raises KeyError when there is none."""
        return self.config.payers[identity]

    def benefits(self, payer: Payer, member: str, who: str) -> Benefits:
        """What the payer knows of a member. `who` (members.person) tells whether the person has another plan, too."""
        found = benefits_of(self.config, payer, member, self.seed)
        if found.other_is_known or fraction(self.seed, "crossover", payer.id, member) >= payer.crossover_fraction:
            return found
        plan = self.store.other_plan(who, payer.id)
        if plan is None and payer.crossover_payer:
            plan = (payer.crossover_payer, member)
        return dataclasses.replace(found, other=OtherCoverage(*plan)) if plan else found

    def control(self) -> int:
        """The next interchange control number of ours (nine digits, never repeated)."""
        return self.store.database.next_number("interchange")

    def publish(self, submitter: str, name: str, kind: str, body: bytes, at: datetime) -> None:
        """Makes a file appear for a submitter: listed over HTTP and, with a drop folder, under its name there."""
        self.store.publish(submitter, name, kind, body, hashlib.sha256(body).hexdigest(), at)
        if self.drop_folder:
            self.drop_folder.put_inbound(name, body)

    def file(
        self,
        composer: Composer,
        *,
        sender: str,
        receiver: str,
        when: datetime,
        kind: str,
        groups: Sequence[tuple[str, str, Sequence[list[str]]]] = (),
        ta1: str | None = None,
    ) -> tuple[str, bytes]:
        """A whole file and its name, which tells the day, what it is, from whom, and the control number."""
        control = self.control()
        body = composer.interchange(
            sender=sender, receiver=receiver, control=control, when=when, groups=groups, ta1=ta1
        )
        return f"{when:%Y%m%d}_{kind}_{sender}_{control:09d}.edi", body
