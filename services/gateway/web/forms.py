"""HTML forms → protobuf requests. A field's name is its path in the request, so what a service refuses lands at its field.

``patient.name.family``, ``lines[0].procedure``: the path a violation names is the input's name. What kind of value a field takes is
read from the descriptor; there is no second description of a form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from chassis.errors import Violation
from gateway.web.dates import read_date
from gateway.web.i18n import N_

DATE, MONEY = "google.type.Date", "polyclinic.types.v1.Money"
TIMESTAMP, MASK = "google.protobuf.Timestamp", "google.protobuf.FieldMask"
_NAME = re.compile(r"[a-z][a-z0-9_]*(?:\[\d{1,3}\])?(?:\.[a-z][a-z0-9_]*(?:\[\d{1,3}\])?)*", re.ASCII)
_PART = re.compile(r"([a-z0-9_]+)(?:\[(\d+)\])?", re.ASCII)
_TRUE = frozenset({"1", "on", "true", "yes"})


class Values(Protocol):
    """What was sent, as Werkzeug gives it."""

    def keys(self) -> Any: ...
    def getlist(self, key: str) -> list[str]: ...


@dataclass
class Reading:
    """A request read from a form, and what could not be read."""

    message: Any
    violations: list[Violation] = field(default_factory=list)
    # The request's path of a list's entry → the form's, where blank entries before it were left out.
    moved: dict[str, str] = field(default_factory=dict)

    def back(self, path: str) -> str:
        """The form's name of a path in the request."""
        for now, sent in self.moved.items():
            if path == now or path.startswith((now + ".", now + "[")):
                return sent + path[len(now) :]
        return path


class Unreadable(ValueError):
    """A value that is not of the field's kind; the text says what it must be."""


def read_form(
    request_class: type[Message], form: Values, today: date, fixed: Mapping[str, Any] | None = None
) -> Reading:
    """Reads every input whose name is a path of the request (others are the page's own); ``fixed`` wins over the form.

    Blank inputs set nothing; blank entries of a list are left out. ``today`` is what typed dates count from.
    """
    tree: dict[str, Any] = {}
    for name in form.keys():  # noqa: SIM118 (a MultiDict's keys, with all their values)
        if _NAME.fullmatch(name):
            _plant(tree, name, [each.strip() for each in form.getlist(name)])
    reading = Reading(request_class())
    _fill(reading.message, tree, "", "", reading, today)
    for path, value in (fixed or {}).items():
        _set(reading.message, path, value)
    return reading


def money_text(text: str) -> int:
    """``25``, ``1,200.50``, ``$3`` → cents. Raises Unreadable."""
    try:
        amount = Decimal(text.replace("$", "").replace(",", "").strip())
    except InvalidOperation:
        raise Unreadable(N_("must be an amount, like 25.00")) from None
    cents = amount * 100
    if not amount.is_finite() or cents != cents.to_integral_value() or abs(amount) > 10_000_000:
        raise Unreadable(N_("must be an amount, like 25.00"))
    return int(cents)


def minutes_text(text: str) -> int:
    """``8``, ``08:30``, ``1:15 pm`` → minutes after midnight. Raises Unreadable."""
    # CLDR writes a narrow no-break space before AM, which we give back in forms ourselves.
    plain = " ".join(text.lower().split())
    match = re.fullmatch(r"(\d{1,2})(?::?([0-5]\d))? ?([ap])?\.? ?m?\.?", plain, re.ASCII)
    if match is None or int(match[1]) > 24:
        raise Unreadable(N_("must be a time of day, like 8:30 or 1:15 pm"))
    hour = int(match[1])
    if match[3]:
        hour = hour % 12 + (12 if match[3] == "p" else 0)
    return hour * 60 + int(match[2] or 0)


def _plant(tree: dict[str, Any], name: str, values: list[str]) -> None:
    node = tree
    parts = name.split(".")
    for index, part in enumerate(parts):
        key, place = _PART.fullmatch(part).groups()  # type: ignore[union-attr]
        last = index == len(parts) - 1
        if place is None:
            if last:
                node[key] = values
                return
            node = node.setdefault(key, {})
        else:
            entries = node.setdefault(key, {})
            if not isinstance(entries, dict):
                return
            if last:
                entries[int(place)] = values
                return
            node = entries.setdefault(int(place), {})
        if not isinstance(node, dict):
            return


def _fill(message: Any, tree: dict[str, Any], path: str, sent: str, reading: Reading, today: date) -> None:
    for name, value in tree.items():
        known = message.DESCRIPTOR.fields_by_name.get(name)
        if known is None:
            continue
        here, there = f"{path}.{name}".lstrip("."), f"{sent}.{name}".lstrip(".")
        try:
            if known.is_repeated:
                _fill_list(message, known, value, here, there, reading, today)
            elif known.message_type is not None and known.message_type.full_name not in _WHOLE:
                if isinstance(value, dict) and not _blank(value):
                    part = getattr(message, name)
                    part.SetInParent()
                    _fill(part, value, here, there, reading, today)
            elif isinstance(value, list) and (text := value[-1] if value else ""):
                _put(message, known, text, today)
        except Unreadable as error:
            reading.violations.append(Violation(there, str(error)))


def _fill_list(message: Any, known: Any, value: Any, here: str, there: str, reading: Reading, today: date) -> None:
    entries = getattr(message, known.name)
    if known.message_type is not None and known.message_type.full_name not in _WHOLE:
        if not isinstance(value, dict):
            return
        for place in sorted(place for place in value if isinstance(place, int) and not _blank(value[place])):
            now, was = f"{here}[{len(entries)}]", f"{there}[{place}]"
            reading.moved[now] = was
            _fill(entries.add(), value[place], now, was, reading, today)
        return
    texts = [each[-1] for _, each in sorted(value.items())] if isinstance(value, dict) else value
    if isinstance(value, list) and len(value) == 1 and known.cpp_type != FieldDescriptor.CPPTYPE_ENUM:
        # One box for several: "E11.9, I10".
        texts = re.split(r"[,;\s]+", value[0])
    places = sorted(value) if isinstance(value, dict) else range(len(texts))
    for place, text in zip(places, texts, strict=False):
        if text:
            reading.moved[f"{here}[{len(entries)}]"] = f"{there}[{place}]" if isinstance(value, dict) else there
            entries.append(_scalar(known, text))


def _put(message: Any, known: Any, text: str, today: date) -> None:
    kind = known.message_type.full_name if known.message_type is not None else ""
    if kind:
        _WHOLE[kind](getattr(message, known.name), text, today, known.name)
    elif known.name.endswith("_minute") and not text.isdecimal():
        setattr(message, known.name, minutes_text(text))
    else:
        setattr(message, known.name, _scalar(known, text))


def _scalar(known: Any, text: str) -> Any:
    if known.enum_type is not None:
        number = known.enum_type.values_by_name.get(text)
        if number is None:
            raise Unreadable(N_("must be one of the choices"))
        return number.number
    if known.type == FieldDescriptor.TYPE_BOOL:
        return text.lower() in _TRUE
    if known.type == FieldDescriptor.TYPE_STRING:
        return text
    if known.cpp_type in (FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64):
        if not re.fullmatch(r"-?\d{1,15}", text, re.ASCII):
            raise Unreadable(N_("must be a whole number"))
        return int(text)
    raise Unreadable(N_("cannot be typed in"))


def _read_date(part: Any, text: str, today: date, name: str) -> None:
    found = read_date(text, today, past=name in ("birth_date", "deceased_on", "accident_date", "onset_date"))
    if found is None:
        raise Unreadable(N_("must be a date, like 03/14/2026, t+14 or 3w"))
    part.year, part.month, part.day = found.year, found.month, found.day


def _read_money(part: Any, text: str, _today: date, _name: str) -> None:
    part.minor_units, part.currency = money_text(text), "USD"


def _read_timestamp(part: Any, text: str, _today: date, _name: str) -> None:
    try:
        part.FromJsonString(text)
    except ValueError:
        raise Unreadable(N_("must be an instant")) from None


def _read_mask(part: Any, text: str, _today: date, _name: str) -> None:
    part.paths.extend(each.strip() for each in text.split(",") if each.strip())


_WHOLE: dict[str, Callable[[Any, str, date, str], None]] = {
    DATE: _read_date,
    MONEY: _read_money,
    TIMESTAMP: _read_timestamp,
    MASK: _read_mask,
}


def _blank(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_blank(each) for each in value.values())
    return not any(value)


def _set(message: Any, path: str, value: Any) -> None:
    *parents, name = path.split(".")
    for each in parents:
        message = getattr(message, each)
    known = message.DESCRIPTOR.fields_by_name[name]
    if known.is_repeated:
        del getattr(message, name)[:]
        getattr(message, name).extend(value)
    elif isinstance(value, Message):
        getattr(message, name).CopyFrom(value)
    else:
        setattr(message, name, value)


def sent_values(form: Values) -> dict[str, Sequence[str]]:
    """What was sent, to show it again beside what is wrong with it."""
    return {name: form.getlist(name) for name in form.keys()}  # noqa: SIM118
