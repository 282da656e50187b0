"""What a rule finds wrong, said so that the person at the desk can mend it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with what was entered: the field's path (``contact_points[1].value``) and what it must be."""

    field: str
    message: str
