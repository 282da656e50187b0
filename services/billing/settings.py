"""What billing is told by its environment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta

from billing.domain.x12.envelope import Separators
from billing.usecases.interchanges import TradingPartner
from chassis.settings import Secret, ServiceSettings, SettingsError, Url

# None of these is let through by domain.x12.elements.plain_text.
SEPARATORS = frozenset("*^:~|\x1c\x1d\x1e\x1f")


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """The variable of a field is ``POLYCLINIC_`` + its name in capitals."""

    # The card processor (an HTTP API of the Stripe kind).
    card_url: Url = Url("http://127.0.0.1:4501")
    card_secret_key: Secret = Secret("")
    # Signs the processor's webhooks; without it every webhook is refused.
    card_webhook_secret: Secret = Secret("")

    # Where guarantors pay statements online, printed as an address and a code to scan; empty: not offered on paper.
    statement_pay_url: Url = Url("")

    # claims half
    # The clearinghouse: https://… for its HTTPS interface, file:///… for drop folders.
    clearinghouse_url: Url = Url("http://127.0.0.1:4201")
    clearinghouse_submitter: str = "SUBMITTER"
    clearinghouse_secret: Secret = Secret("")
    # ISA08 and NM1*40 of what we send.
    clearinghouse_receiver: str = "CLEARINGHOUSE"
    clearinghouse_receiver_name: str = "Clearinghouse"
    # What structures our files: element, repetition, component, segment; signs that no name is ever written with.
    clearinghouse_separators: str = "*^:~"
    # ISA15: P (production) or T (test).
    clearinghouse_production: bool = False
    # How often inbound files are looked for.
    clearinghouse_poll_hours: int = 4
    # When the day's claims go out: wall time HH:MM at the network's first location.
    claims_batch_time: str = "20:00"

    def __post_init__(self) -> None:
        super().__post_init__()
        problems = []
        try:
            time.fromisoformat(self.claims_batch_time)
        except ValueError:
            problems.append("POLYCLINIC_CLAIMS_BATCH_TIME is not a time of day HH:MM")
        if not 1 <= self.clearinghouse_poll_hours <= 24:
            problems.append("POLYCLINIC_CLEARINGHOUSE_POLL_HOURS must be 1 to 24")
        if not 2 <= len(self.clearinghouse_submitter) <= 15 or not 2 <= len(self.clearinghouse_receiver) <= 15:
            problems.append("POLYCLINIC_CLEARINGHOUSE_SUBMITTER and _RECEIVER must have 2 to 15 characters")
        signs = self.clearinghouse_separators
        if len(signs) != 4 or len(set(signs)) != 4 or not set(signs) <= SEPARATORS:
            problems.append(
                "POLYCLINIC_CLEARINGHOUSE_SEPARATORS must be four different signs of * ^ : ~ | and the control signs 1C to 1F"
            )
        if problems:
            raise SettingsError(problems)

    @property
    def batch_time_of_day(self) -> time:
        """`claims_batch_time` as a wall time."""
        return time.fromisoformat(self.claims_batch_time)

    @property
    def poll_interval(self) -> timedelta:
        """`clearinghouse_poll_hours` as a length of business time."""
        return timedelta(hours=self.clearinghouse_poll_hours)

    @property
    def trading_partner(self) -> TradingPartner:
        """Our and the clearinghouse's ids in envelopes."""
        return TradingPartner(
            submitter_id=self.clearinghouse_submitter,
            receiver_id=self.clearinghouse_receiver,
            receiver_name=self.clearinghouse_receiver_name,
            production=self.clearinghouse_production,
            separators=Separators(*self.clearinghouse_separators),
        )
