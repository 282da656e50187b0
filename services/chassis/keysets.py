"""Where a service gets the keys that tokens are signed with: from identity, or, while it is away, as it last knew them."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from chassis import telemetry
from chassis.database import Database, Scope
from chassis.errors import Error, Unavailable
from chassis.ids import NIL
from chassis.peers import Peer
from chassis.tables import TokenKey

log = telemetry.logger(__name__)
ASK_SECONDS = 3.0


class KeySetSource:
    """Fetches the JWKS from identity and remembers it in the service's own database."""

    def __init__(self, identity: Peer, database: Database) -> None:
        self._identity = identity
        self._database = database

    def __call__(self) -> dict[str, Any]:
        """The key set. Raises Unavailable when identity is away and nothing was ever remembered."""
        from polyclinic.identity.v1 import identity_pb2

        if not self._identity.configured:
            return self._remembered(Unavailable(internal="no address is configured for identity"))
        try:
            answer: Any = self._identity.call("GetKeySet", identity_pb2.GetKeySetRequest(), seconds=ASK_SECONDS)
        except Error as error:
            log.warning("identity is away: keys as last known", error=error.internal or error.reason)
            return self._remembered(error)
        keys: dict[str, Any] = json.loads(answer.jwks_json)
        self._remember(keys)
        return keys

    def _remember(self, keys: dict[str, Any]) -> None:
        rows = [{"tenant_id": NIL, "key_id": jwk["kid"], "jwk": jwk} for jwk in keys["keys"]]
        if not rows:  # an identity that has no key yet takes none away that we know
            return
        with self._database.transaction(Scope(NIL)) as session:
            session.execute(delete(TokenKey).where(TokenKey.key_id.not_in([row["key_id"] for row in rows])))
            session.execute(insert(TokenKey).on_conflict_do_nothing(), rows)

    def _remembered(self, error: Error) -> dict[str, Any]:
        with self._database.transaction(Scope(NIL, read_only=True)) as session:
            known = list(session.scalars(select(TokenKey.jwk)))
        if not known:
            raise error
        return {"keys": known}
