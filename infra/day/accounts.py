"""Signing in over the public API: people by password, programs by client credentials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from infra.day.client import Api, Json, RequestLog

# Everybody's password in the demonstration; each installation of it stands on one machine and is thrown away.
DEMO_PASSWORD = "Lantern-field-2026"  # noqa: S105 (printed by `make run` for whoever wants to look around)


@dataclass(frozen=True)
class Doorman:
    """Makes signed-in clients of one gateway, all writing into one request log."""

    url: str
    log: RequestLog

    def person(self, tenant: str, login: str, password: str = DEMO_PASSWORD) -> Api:
        """The account of a person; signs in anew whenever the token has run out."""
        return self._api(login, "/api/v1/sessions", {"tenant": tenant, "login": login, "password": password})

    def program(self, client_id: str, client_secret: str) -> Api:
        """An API client, or the operator of the installation."""
        return self._api(client_id, "/api/v1/client-tokens", {"client_id": client_id, "client_secret": client_secret})

    def stranger(self) -> Api:
        """Nobody: for what the public may do."""
        return self.make("", None)

    def make(self, account: str, sign_in: Callable[[], str] | None) -> Api:
        """The client of an account."""
        return Api(self.url, account, sign_in, self.log)

    def _api(self, account: str, path: str, credentials: Json) -> Api:
        anonymous = self.stranger()

        def sign_in() -> str:
            return str(anonymous.post(path, credentials)["access_token"])

        return self.make(account, sign_in)
