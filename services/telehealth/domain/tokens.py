"""Tokens of one purpose: coming in (join) and being in (participant). Signed with the service's own key (HS256).

Their lifetime is real time, which is passed in; nothing here looks at a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

import jwt

from telehealth.domain.vocabulary import Role

ALGORITHM = "HS256"


class Purpose(StrEnum):
    """What a token is good for, and nothing else: its audience."""

    JOIN = "telehealth.join"
    PARTICIPANT = "telehealth.participant"


@dataclass(frozen=True)
class Pass:
    """What a token says: tenant, room and role; for JOIN who will come in, for PARTICIPANT who is in."""

    purpose: Purpose
    tenant_id: UUID
    session_id: UUID
    role: Role
    display_name: str
    expires_at: datetime
    # JOIN as clinician: the practitioner whose licence counts. PARTICIPANT: the participant.
    subject_id: UUID | None = None
    # JOIN: it was sent as a link, and is good for one browser when it carries a number of its own.
    link: bool = False
    once: UUID | None = None
    # PARTICIPANT: the browser it was given to; one that came in later has a higher number.
    seat: int = 0


class BadToken(Exception):
    """The token was not signed by us, is for another purpose, or has expired."""


def sign(ticket: Pass, key: bytes) -> str:
    """The token of a pass; whole seconds."""
    claims: dict[str, str | int | bool] = {
        "aud": ticket.purpose.value,
        "tid": str(ticket.tenant_id),
        "sid": str(ticket.session_id),
        "rol": ticket.role.value,
        "nam": ticket.display_name,
        "sub": str(ticket.subject_id) if ticket.subject_id else "",
        "exp": int(ticket.expires_at.timestamp()),
    }
    if ticket.link:
        claims["lnk"] = True
    if ticket.once is not None:
        claims["jti"] = str(ticket.once)
    if ticket.seat:
        claims["sea"] = ticket.seat
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def read(token: str, purpose: Purpose, key: bytes, now: datetime) -> Pass:
    """The pass of a token that is good for `purpose` at the real instant `now`. Raises BadToken."""
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=purpose.value,
            options={"require": ["exp", "aud"], "verify_exp": False},
        )
        found = Pass(
            purpose,
            UUID(claims["tid"]),
            UUID(claims["sid"]),
            Role(claims["rol"]),
            claims["nam"],
            datetime.fromtimestamp(claims["exp"], UTC),
            UUID(claims["sub"]) if claims["sub"] else None,
            bool(claims.get("lnk", False)),
            UUID(claims["jti"]) if "jti" in claims else None,
            int(claims.get("sea", 0)),
        )
    except (jwt.PyJWTError, KeyError, ValueError, TypeError) as error:
        raise BadToken(f"not a token of ours for {purpose}") from error
    if found.expires_at <= now:
        raise BadToken("the token has expired")
    return found
