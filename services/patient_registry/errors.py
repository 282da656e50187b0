"""What only the registry refuses."""

from __future__ import annotations

from collections.abc import Iterable

from chassis.errors import Conflict, FailedPrecondition, InvalidInput, Violation
from patient_registry.domain.problems import Problem


class PriorityTaken(Conflict):
    """There is one primary, one secondary, … a day and case."""

    reason = "PRIORITY_TAKEN"
    message = "Another coverage of the same case has this priority on a common day; end it, or reorder them."


class GuarantorInUse(FailedPrecondition):
    """The relation cannot go while bills go to it."""

    reason = "GUARANTOR_IN_USE"
    message = "The patient is billed to this person; set another guarantor first."


class TooMany(FailedPrecondition):
    """What is kept of one patient has its limit, so that reading it has one."""

    reason = "TOO_MANY"
    message = "This patient has as many of these as can be kept."


def refuse(problems: Iterable[Problem], below: str = "") -> None:
    """Raises InvalidInput with all problems, if there are any; `below` is the path of what was judged."""
    violations = [Violation(f"{below}.{p.field}" if below else p.field, p.message) for p in problems]
    if violations:
        raise InvalidInput(violations)


class FormSubmitted(Conflict):
    """What was submitted is not changed by answering on."""

    reason = "FORM_SUBMITTED"
    message = "This form was submitted already; open it again to answer it anew."


class FormNotSubmitted(Conflict):
    """Staff look at what was submitted, once."""

    reason = "FORM_NOT_SUBMITTED"
    message = "There is nothing to review: the form is a draft, or was reviewed already."


class ConsentTextChanged(Conflict):
    """Nobody signs words that were replaced while they read them."""

    reason = "CONSENT_TEXT_CHANGED"
    message = "The text was changed meanwhile. Please read the new one before you sign it."
