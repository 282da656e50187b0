"""Starts the service: `python -m telehealth`."""

from __future__ import annotations

import hashlib
import hmac

from polyclinic.identity.v1 import identity_pb2
from polyclinic.telehealth.v1 import telehealth_pb2

from chassis.service import Service
from chassis.settings import SettingsError
from telehealth import events
from telehealth.adapters.licences import Licences
from telehealth.rpc import TelehealthRpc
from telehealth.settings import Settings
from telehealth.usecases.room import Rooms


def build(settings: Settings) -> Service:
    """The service, wired and not yet started."""
    service = Service("telehealth", settings)
    identity = service.peer("identity", identity_pb2.DESCRIPTOR.services_by_name["Identity"])
    rooms = Rooms(
        licences=Licences(identity),
        publish=service.bus.publish_core,
        token_key=token_key(settings),
        join_before_minutes=settings.join_before_minutes,
        join_after_minutes=settings.join_after_minutes,
        heartbeat_seconds=settings.heartbeat_seconds,
        presence_timeout_seconds=settings.presence_timeout_seconds,
        join_token_seconds=settings.join_token_seconds,
        max_in_room=settings.max_in_room,
        stun_urls=_list(settings.stun_urls),
        turn_urls=_list(settings.turn_urls),
        turn_secret=settings.turn_secret,
        turn_credential_seconds=settings.turn_credential_seconds,
    )
    service.serve(telehealth_pb2.DESCRIPTOR.services_by_name["Telehealth"], TelehealthRpc(rooms))
    service.consume(events.subscriptions(rooms))
    service.due(events.due(rooms))
    return service


def token_key(settings: Settings) -> bytes:
    """The key of join and participant tokens: its own, or one derived from the key encryption key."""
    if settings.token_key is not None:
        return bytes(settings.token_key)
    if settings.key_encryption_key is None:
        raise SettingsError(["POLYCLINIC_TOKEN_KEY (or POLYCLINIC_KEY_ENCRYPTION_KEY) is required"])
    return hmac.new(bytes(settings.key_encryption_key), b"telehealth tokens", hashlib.sha256).digest()


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def main() -> None:
    build(Settings.from_environment()).run()


if __name__ == "__main__":
    main()
