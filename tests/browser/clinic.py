"""The demo clinic as the browser tests know it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import requests
from infra.day.accounts import DEMO_PASSWORD
from infra.day.world import TENANT


@dataclass
class Clinic:
    """One running system and its owner's token."""

    url: str
    tenant: str = TENANT
    password: str = DEMO_PASSWORD
    # Where telehealth tells browsers to look for a relay, and the secret it signs their credentials with.
    turn_port: int = 0
    turn_secret: str = field(default="", repr=False)
    _headers: dict[str, str] = field(default_factory=dict)

    def call(self, verb: str, path: str, **body: Any) -> Any:
        """One request of the owner; the JSON of its answer. Raises requests' own error when it is refused."""
        answer = self._send(verb, path, body)
        if answer.status_code == 401:
            signing = {"tenant": self.tenant, "login": "owner", "password": self.password}
            signed = requests.post(f"{self.url}/api/v1/sessions", json=signing, timeout=20)
            self._headers = {"Authorization": f"Bearer {signed.json()['access_token']}"}
            answer = self._send(verb, path, body)
        answer.raise_for_status()
        return answer.json()

    def accepts(self, verb: str, path: str, **body: Any) -> bool:
        """Whether a request of the owner is done; a service that has not yet heard of something refuses it."""
        return self._send(verb, path, body).status_code < 300

    def _send(self, verb: str, path: str, body: dict[str, Any]) -> requests.Response:
        headers = self._headers | {"Idempotency-Key": str(uuid.uuid4())}
        return requests.request(verb, f"{self.url}/api{path}", json=body or None, headers=headers, timeout=30)

    @cached_property
    def harbor(self) -> dict[str, Any]:
        """The location the tests work at."""
        found: dict[str, Any] = next(
            each for each in self.call("GET", "/v1/locations")["locations"] if "Harbor" in each["name"]
        )
        return found
