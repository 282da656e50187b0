"""Between the words of the tables and the enums of the contract: the same names, in other clothes."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

Word = TypeVar("Word", bound=StrEnum)


def to_enum(enum: Any, prefix: str, word: str) -> Any:
    """ "email" → CHANNEL_EMAIL."""
    wrapper: EnumTypeWrapper = enum
    return wrapper.Value(f"{prefix}_{word.upper()}")


def to_word(kind: type[Word], enum: Any, prefix: str, value: int) -> Word:
    """CHANNEL_EMAIL → Channel.EMAIL."""
    wrapper: EnumTypeWrapper = enum
    return kind(wrapper.Name(value).removeprefix(f"{prefix}_").lower())


def to_optional_word(kind: type[Word], enum: Any, prefix: str, value: int) -> Word | None:
    """The same; None for the unspecified value."""
    return to_word(kind, enum, prefix, value) if value else None
