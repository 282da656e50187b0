"""Rows ↔ messages of the organisation's resources. Fields have the same names on both sides, so one function serves all."""

from __future__ import annotations

from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from polyclinic.identity.v1 import identity_pb2

from chassis.protos import date_message, optional_date

M = TypeVar("M", bound=Message)


def into(message: M, row: Any, id_field: str) -> M:
    """Fills a resource or its event from a row."""
    values: dict[str, Any] = {id_field: str(row.id)}
    for field in message.DESCRIPTOR.fields:
        if field.name == id_field:
            continue
        value = getattr(row, field.name)
        if value is None:
            continue
        if field.name == "licences":
            value = [
                {**one, "valid_from": _date(one["valid_from"]), "valid_to": _date(one["valid_to"])} for one in value
            ]
            value = [{key: part for key, part in one.items() if part is not None} for one in value]
        values[field.name] = str(value) if isinstance(value, UUID) else value
    return ParseDict(values, message)


def values(message: Message, id_field: str) -> dict[str, Any]:
    """The columns of a resource message, without id and version (those are ours)."""
    result: dict[str, Any] = {}
    for field in message.DESCRIPTOR.fields:
        if field.name in (id_field, "version"):
            continue
        given = getattr(message, field.name)
        if field.name == "licences":
            result[field.name] = [
                {
                    "state": one.state,
                    "number": one.number,
                    "valid_from": _text(one.valid_from),
                    "valid_to": _text(one.valid_to),
                }
                for one in given
            ]
        elif field.is_repeated:
            result[field.name] = [_plain(one) for one in given]
        elif field.has_presence and field.message_type is None:
            result[field.name] = given if message.HasField(field.name) else None
        elif field.message_type is not None:
            result[field.name] = _plain(given) if message.HasField(field.name) else None
        elif field.name in ("billing_entity_id", "location_id", "account_id"):
            result[field.name] = UUID(given) if given else None
        else:
            result[field.name] = given
    return result


def _plain(value: Any) -> Any:
    if not isinstance(value, Message):
        return value
    return MessageToDict(value, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


def _text(value: Any) -> str | None:
    day = optional_date(value, "licences")
    return day.isoformat() if day else None


def _date(text: str | None) -> dict[str, int] | None:
    day = date_message(date.fromisoformat(text)) if text else None
    return {"year": day.year, "month": day.month, "day": day.day} if day else None


def role(name: str) -> Any:
    """The role's number in the contract: "front_desk" → ROLE_FRONT_DESK."""
    return identity_pb2.Role.Value(f"ROLE_{name.upper()}")
