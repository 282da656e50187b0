"""Rules of passwords and lock-outs (NIST SP 800-63B: length over composition, no expiry, throttling)."""

from __future__ import annotations

from datetime import datetime, timedelta

SHORTEST = 12
FREE_FAILURES = 5
LONGEST_LOCK = timedelta(minutes=30)
# What people choose when only length is asked for.
COMMON = frozenset(
    {"password1234", "123456789012", "qwertyuiop12", "polyclinic123", "passwordpassword", "administrator"}
)


def problems(password: str, login: str) -> list[str]:
    """What is wrong with a new password, in words; nothing when it will do."""
    found = []
    if len(password) < SHORTEST:
        found.append(f"must be at least {SHORTEST} characters")
    if password.lower() in COMMON or len(set(password)) < 5:
        found.append("is too easy to guess")
    if login and login.lower() in password.lower():
        found.append("must not contain the login")
    return found


def locked_until(failures: int, now: datetime) -> datetime | None:
    """Until when an account is locked after its `failures`-th failure in a row: nothing for the first four, then 1 minute doubling."""
    if failures < FREE_FAILURES:
        return None
    return now + min(LONGEST_LOCK, timedelta(minutes=2.0 ** min(failures - FREE_FAILURES, 10)))
