"""Scheduling: wiring, read top to bottom."""

from __future__ import annotations

from chassis.service import Service
from scheduling import events
from scheduling.adapters.web_calendars import WebCalendars
from scheduling.cache import AvailabilityCache
from scheduling.rpc import servicers
from scheduling.settings import Settings


def build(settings: Settings) -> Service:
    """The service, not yet started."""
    service = Service("scheduling", settings)
    cache = AvailabilityCache()
    web = WebCalendars(settings.private_calendars)
    for descriptor, servicer in servicers(cache, web):
        service.serve(descriptor, servicer)
    service.consume(events.SUBSCRIPTIONS)
    service.due(events.due(web))
    return service


def main() -> None:
    """Runs the service with the settings of the environment."""
    build(Settings.from_environment()).run()


if __name__ == "__main__":
    main()
