"""What the service is told by its environment."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.settings import ServiceSettings


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """The chassis's settings and one more (limits of the clinic are data, kept per tenant and type)."""

    # Outside calendars may be read over http and from private networks: for laptops and tests.
    private_calendars: bool = False
