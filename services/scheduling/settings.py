"""What the service is told by its environment."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.settings import ServiceSettings


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """The chassis's settings; scheduling needs no others (limits of the clinic are data, kept per tenant and type)."""
