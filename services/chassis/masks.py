"""PATCH: merges the fields that an update mask names into a resource, and validates the whole."""

from __future__ import annotations

from typing import Any, TypeVar

import protovalidate
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from chassis.errors import InvalidInput, Violation
from chassis.violations import told

M = TypeVar("M", bound=Message)


def merged(current: M, update: M, mask: FieldMask, *, fixed: frozenset[str] = frozenset()) -> M:
    """A copy of `current` with the masked fields of `update`; fields in `fixed` cannot be named.

    Raises InvalidInput for an empty mask, an unknown or fixed path, and when the whole breaks its rules.
    """
    if not mask.paths:
        raise InvalidInput([Violation("update_mask", "must name at least one field")])
    problems = [
        Violation("update_mask", f"{path} cannot be changed") for path in mask.paths if path.split(".")[0] in fixed
    ]
    descriptor: Any = current.DESCRIPTOR
    if not mask.IsValidForDescriptor(descriptor):
        problems.append(Violation("update_mask", "names a field that does not exist"))
    if problems:
        raise InvalidInput(problems)
    result = type(current)()
    result.CopyFrom(current)
    mask.MergeMessage(update, result, replace_message_field=True, replace_repeated_field=True)
    broken = protovalidate.collect_violations(result)
    if broken:
        raise InvalidInput([told(one) for one in broken])
    return result
