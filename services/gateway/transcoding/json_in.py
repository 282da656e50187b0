"""Bytes of a request body → a JSON value, with one clear error for whatever is not JSON."""

from __future__ import annotations

import json
from typing import NoReturn

from gateway.transcoding.problems import MalformedJson

MAX_JSON_BYTES = 1024 * 1024


class _Refused(ValueError):
    """Raised inside the decoder for what Python would accept and JSON does not know."""


def parse_json(raw: bytes) -> object:
    """Reads UTF-8 JSON strictly: no NaN, no doubled keys, no byte order mark. Raises MalformedJson saying what and
    where."""
    try:
        return _decoder.decode(raw.decode())
    except UnicodeDecodeError as error:
        raise MalformedJson(f"The body is not valid UTF-8 (byte {error.start}).") from None
    except json.JSONDecodeError as error:
        raise MalformedJson(
            f"The body is not well-formed JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        ) from None
    except RecursionError:
        raise MalformedJson("The body is nested too deeply.") from None
    except _Refused as error:
        raise MalformedJson(f"The body is not well-formed JSON: {error}.") from None
    except ValueError:  # Python's limit on the digits of an integer
        raise MalformedJson("The body holds a number that is too long.") from None


def _constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is not a JSON value")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Refused(f"the key {twice[:80]!a} occurs twice in one object")
    return value


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
