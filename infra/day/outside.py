"""The day's hand on the simulators of outside parties: their control interface, which only the driver knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests

from infra.day.client import Json
from infra.local.plan import CLEARINGHOUSE_SUBMITTER, Plan


@dataclass(frozen=True)
class OutsideParty:
    """One simulator's control interface (``/_sim/…``) and the service it offers beside it."""

    url: str

    def get(self, path: str, **query: Any) -> Json:
        """GET a JSON document."""
        answer = requests.get(f"{self.url}{path}", params=query, timeout=60)
        answer.raise_for_status()
        document: Json = answer.json()
        return document

    def download(self, path: str) -> bytes:
        """GET a file."""
        answer = requests.get(f"{self.url}{path}", timeout=60)
        answer.raise_for_status()
        return answer.content

    def put(self, path: str, body: Json) -> Json:
        """PUT a JSON document."""
        answer = requests.put(f"{self.url}{path}", json=body, timeout=60)
        answer.raise_for_status()
        document: Json = answer.json()
        return document

    def post(self, path: str, body: Json) -> Json:
        """POST a JSON document."""
        answer = requests.post(f"{self.url}{path}", json=body, timeout=60)
        answer.raise_for_status()
        document: Json = answer.json()
        return document

    def state(self) -> Json:
        """The simulator's totals."""
        return self.get("/_sim/state")

    def messages(self) -> Iterator[Json]:
        """Everything a message provider has been given, in order."""
        after = "0"
        while True:
            page = self.get("/_sim/messages", after=after)["messages"]
            yield from page
            if not page:
                return
            after = page[-1]["cursor"]


@dataclass(frozen=True)
class Outside:
    """All outside parties."""

    clearinghouse: OutsideParty
    sms: OutsideParty
    mail: OutsideParty
    cards: OutsideParty
    # Base URL of the card processor's own API (what a browser's payment form would call).
    card_api: str
    card_publishable_key: str
    # Our credentials at the clearinghouse: submitter id, secret.
    submitter: tuple[str, str]

    @classmethod
    def of(cls, plan: Plan) -> Outside:
        """The outside parties of a running stack."""
        return cls(
            OutsideParty(plan.simulator_control("clearinghouse")),
            OutsideParty(plan.simulator_control("sms")),
            OutsideParty(plan.simulator_control("smtp")),
            OutsideParty(plan.simulator_control("cards")),
            plan.ports.url("cards-simulator"),
            plan.secrets.get("card.publishable"),
            (CLEARINGHOUSE_SUBMITTER, plan.secrets.get("clearinghouse")),
        )

    def clearinghouse_mailbox(self, after: str) -> list[Json]:
        """The next files in our mailbox, as any submitter lists them."""
        url = f"{self.clearinghouse.url}/v1/inbound"
        answer = requests.get(url, params={"after": after, "limit": "100"}, auth=self.submitter, timeout=60)
        answer.raise_for_status()
        files: list[Json] = answer.json()["files"]
        return files

    def clearinghouse_file(self, name: str) -> bytes:
        """One file of our mailbox."""
        answer = requests.get(f"{self.clearinghouse.url}/v1/inbound/{name}", auth=self.submitter, timeout=60)
        answer.raise_for_status()
        return answer.content

    def card_token(self, number: str) -> str:
        """A card given to the processor, as a payment form does; answers the token that billing may see."""
        answer = requests.post(
            f"{self.card_api}/v1/payment_methods",
            data={
                "type": "card",
                "card[number]": number,
                "card[exp_month]": "12",
                "card[exp_year]": "2030",
                "card[cvc]": "123",
            },
            headers={"Authorization": f"Bearer {self.card_publishable_key}"},
            timeout=30,
        )
        answer.raise_for_status()
        return str(answer.json()["id"])
