"""What is wrong with a request: collected with field paths, refused together."""

from __future__ import annotations

from chassis.errors import MAX_VIOLATIONS, Error, InvalidInput, Violation


class MalformedJson(Error):
    """The body is not JSON at all."""

    reason = "MALFORMED_JSON"
    code = InvalidInput.code
    message = "The body is not well-formed JSON."


class BodyTooLarge(Error):
    """The body is larger than this operation takes. Answered with 413."""

    reason = "BODY_TOO_LARGE"
    code = InvalidInput.code
    message = "The body is too large."


class UnsupportedMediaType(Error):
    """The body is of another kind than this operation reads. Answered with 415."""

    reason = "UNSUPPORTED_MEDIA_TYPE"
    code = InvalidInput.code
    message = "Send the body as application/json."


class VersionRequired(Error):
    """The change must say which version it was made on. Answered with 428."""

    reason = "IF_MATCH_REQUIRED"
    code = InvalidInput.code
    message = "Send If-Match with the ETag (the version) that you have seen."


class Problems:
    """Collects violations; past the limit they are counted, not kept, so that hostile input costs no memory."""

    def __init__(self) -> None:
        self._violations: list[Violation] = []
        self._count = 0

    def __bool__(self) -> bool:
        return self._count > 0

    def add(self, field: str, message: str) -> None:
        """Notes one violation of the field at this path (e.g. ``lines[2].units``)."""
        self._count += 1
        if self._count <= MAX_VIOLATIONS:
            self._violations.append(Violation(field[:300], message))

    def refuse(self) -> None:
        """Raises InvalidInput with everything collected; returns when there is nothing."""
        if self._count > MAX_VIOLATIONS:
            self._violations.append(Violation("", f"and {self._count - MAX_VIOLATIONS} more"))
        if self._count:
            raise InvalidInput(self._violations)
