"""What the patient registry is told by its environment: nothing beyond what every service is."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.settings import ServiceSettings


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """The registry has no outside parties and calls no other service."""
