"""What the service is told by its environment."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.settings import Key32, Secret, ServiceSettings


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """The room's door, presence, token key and the TURN server."""

    # Signs join and participant tokens; all replicas share it. Without one it is derived from the key encryption key.
    token_key: Key32 | None = None

    # The door: minutes (business time) before the visit begins and after it was to end.
    join_before_minutes: int = 30
    join_after_minutes: int = 60
    # Presence (business seconds): how often a browser says that it is there, and when it counts as dropped.
    heartbeat_seconds: int = 20
    presence_timeout_seconds: int = 90
    # How many may be in at once: each browser sends to every other.
    max_in_room: int = 4
    # How long a join token works (real seconds).
    join_token_seconds: int = 600

    # Comma-separated, e.g. "stun:turn.example.org:3478".
    stun_urls: str = ""
    # Comma-separated, e.g. "turn:turn.example.org:3478?transport=udp,turns:turn.example.org:5349".
    turn_urls: str = "turn:127.0.0.1:3478"
    # coturn's static-auth-secret; no TURN server is offered without it.
    turn_secret: Secret = Secret("")
    turn_credential_seconds: int = 4 * 3600
