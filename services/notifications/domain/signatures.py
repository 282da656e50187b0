"""The SMS provider's signature over its webhooks (Twilio: https://www.twilio.com/docs/usage/security)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

HEADER = "x-twilio-signature"


def sign(token: str, url: str, form: Sequence[tuple[str, str]]) -> str:
    """Base64 of HMAC-SHA1 over the full URL followed by every form key and value, in key order."""
    text = url + "".join(key + value for key, value in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def is_genuine(token: str, url: str, form: Sequence[tuple[str, str]], given: str) -> bool:
    """Whether `given` is the signature; in constant time. Never true without a token."""
    return bool(token) and hmac.compare_digest(sign(token, url, form).encode(), given.encode())
