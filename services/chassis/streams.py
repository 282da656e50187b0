"""The JetStream streams that a service makes sure of when it connects."""

from __future__ import annotations

from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig

from chassis.clock import CLOCK_LAST_SUBJECT, CLOCK_STREAM
from chassis.settings import ServiceSettings

STREAM_AGE_SECONDS = 14 * 24 * 3600


def service_streams(service: str, settings: ServiceSettings) -> list[StreamConfig]:
    """The streams that a service makes sure of: its own events, and AUDIT."""
    own = StreamConfig(
        name=service.upper(),
        subjects=[f"polyclinic.{service}.v1.>"],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_age=STREAM_AGE_SECONDS,
        duplicate_window=120,
        num_replicas=settings.nats_stream_replicas,
    )
    audit = StreamConfig(
        name="AUDIT",
        subjects=["audit.>"],
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_age=STREAM_AGE_SECONDS,
        duplicate_window=120,
        num_replicas=settings.nats_stream_replicas,
    )
    clock = StreamConfig(
        name=CLOCK_STREAM,
        subjects=[CLOCK_LAST_SUBJECT],
        storage=StorageType.FILE,
        max_msgs=1,
        discard=DiscardPolicy.OLD,
    )
    return [own, audit, clock] if settings.clock == "simulated" else [own, audit]
