"""Refusals of identity."""

from __future__ import annotations

from chassis.errors import Conflict, RateLimited, Unauthenticated


class SignInRefused(Unauthenticated):
    """Wrong tenant, login or password: the same answer for each. The failure is counted."""

    reason = "SIGN_IN_REFUSED"
    message = "The login or the password is wrong."
    commits = True


class AccountLocked(RateLimited):
    """The login has failed too often in a row."""

    reason = "ACCOUNT_LOCKED"
    message = "Too many failed attempts; try again later."


class CodeRefused(Unauthenticated):
    """A wrong, used, expired or never-sent code: the same answer for each. The attempt is counted."""

    reason = "CODE_REFUSED"
    message = "This code is wrong or too old. Ask for a new one."
    commits = True


class CodeSettled(Conflict):
    """A code that was used, or has expired, is not drawn again."""

    reason = "CODE_SETTLED"
    message = "This code has been used or has expired."


class SessionEnded(Unauthenticated):
    """The refresh token is unknown, used up or expired; a stolen one has ended its session."""

    reason = "SESSION_ENDED"
    message = "The session has ended; sign in again."
    commits = True


class LoginTaken(Conflict):
    reason = "LOGIN_TAKEN"
    message = "This login is taken."


class ApiClientRevoked(Conflict):
    reason = "API_CLIENT_REVOKED"
    message = "This API client was revoked; make a new one."


class LastOwner(Conflict):
    reason = "LAST_OWNER"
    message = "A tenant keeps at least one active owner."
