"""Scheduling: wiring, read top to bottom."""

from __future__ import annotations

from polyclinic.scheduling.v1 import scheduling_pb2, series_pb2

from chassis.service import Service
from scheduling import events
from scheduling.cache import AvailabilityCache
from scheduling.rpc import SchedulingRpc
from scheduling.rpc.series import SeriesRpc
from scheduling.settings import Settings


def build(settings: Settings) -> Service:
    """The service, not yet started."""
    service = Service("scheduling", settings)
    cache = AvailabilityCache()
    service.serve(scheduling_pb2.DESCRIPTOR.services_by_name["Scheduling"], SchedulingRpc(cache))
    service.serve(series_pb2.DESCRIPTOR.services_by_name["Series"], SeriesRpc(cache))
    service.consume(events.SUBSCRIPTIONS)
    service.due(events.DUE)
    return service


def main() -> None:
    """Runs the service with the settings of the environment."""
    build(Settings.from_environment()).run()


if __name__ == "__main__":
    main()
