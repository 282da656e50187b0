"""Ephemeral credentials for a TURN server, as coturn checks them (`use-auth-secret`; draft-uberti-behave-turn-rest-00)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class TurnCredentials:
    """User name ("<expiry>:<who>") and password."""

    username: str
    credential: str


def credentials(secret: str, who: str, expires_at: datetime) -> TurnCredentials:
    """Credentials for `who` until the real instant `expires_at`: the password is base64 HMAC-SHA1 of the user name."""
    username = f"{int(expires_at.timestamp())}:{who}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return TurnCredentials(username, base64.b64encode(digest).decode())
