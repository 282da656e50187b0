"""API clients: machines of the tenant's that sign in by an id and a secret."""

from __future__ import annotations

from uuid import UUID

from chassis.call import Call
from chassis.clock import real_now
from chassis.errors import AlreadyExists
from identity import secrets
from identity.events import account_disabled
from identity.store import Store
from identity.tables import ApiClient
from identity.usecases.errors import ApiClientRevoked


def client_id(client: ApiClient) -> str:
    """What the client signs in with: its tenant and its row, so that sign-in finds both."""
    return f"{client.tenant_id.hex}.{client.id.hex}"


def create(call: Call, name: str, role_names: list[str]) -> tuple[ApiClient, str]:
    """Makes an API client; returns it with its secret, never to be seen again. Raises AlreadyExists."""
    store = Store(call.session)
    if store.client_name_taken(name):
        raise AlreadyExists("An API client of this name exists.")
    secret, now = secrets.new_secret(), real_now()
    client = ApiClient(
        name=name, secret_hash=secrets.digest(secret), roles=role_names, active=True, made_at=now, secret_at=now
    )
    return store.add(client), secret


def list_page(
    call: Call, query: str, active_only: bool, page_size: int, page_token: str
) -> tuple[list[ApiClient], str]:
    """One page of the tenant's API clients by name; `query` is a part of the name."""
    return Store(call.session).api_clients(query, active_only, page_size, page_token)


def get(call: Call, api_client_id: UUID) -> ApiClient:
    """One API client. Raises NotFound."""
    return Store(call.session).need(ApiClient, api_client_id, "API client")


def rotate(call: Call, api_client_id: UUID, version: int) -> tuple[ApiClient, str]:
    """Draws a new secret; the old one and the tokens drawn with it end at once.

    Raises NotFound, ApiClientRevoked, StaleVersion.
    """
    store = Store(call.session)
    client = store.lock(ApiClient, api_client_id, "API client")
    call.expect_version(client.version, version)
    if not client.active:
        raise ApiClientRevoked
    secret, now = secrets.new_secret(), real_now()
    client.secret_hash, client.secret_at = secrets.digest(secret), now
    call.emit(account_disabled(client.id, now))
    call.session.flush()
    return client, secret


def revoke(call: Call, api_client_id: UUID, reason: str) -> ApiClient:
    """Ends a client for good; its tokens are refused everywhere. Raises NotFound."""
    client = Store(call.session).lock(ApiClient, api_client_id, "API client")
    call.reason = reason
    if client.active:
        now = real_now()
        client.active, client.revoked_at = False, now
        call.emit(account_disabled(client.id, now))
    call.session.flush()
    return client
