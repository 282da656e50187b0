"""Contracts only grow: whatever was promised within v1 stands for ever."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet

from infra import promises

NOW = FileDescriptorSet.FromString(promises.IMAGE.read_bytes())
BEFORE = promises.promised()


def test_every_promise_stands():
    """No field, enum value, RPC, path or event of the committed contracts has been taken away, renumbered or retyped."""
    assert BEFORE.keys() >= {f"polyclinic.{name}.v1" for name in ("identity", "billing", "scheduling", "types")}
    assert promises.broken(BEFORE, promises.promises(NOW)) == []


def drop_field(file: FileDescriptorProto) -> None:
    del file.message_type[0].field[0]


def renumber(file: FileDescriptorProto) -> None:
    file.message_type[0].field[0].number = 999


def retype(file: FileDescriptorProto) -> None:
    file.message_type[0].field[0].type = FieldDescriptorProto.TYPE_BYTES


def repeat(file: FileDescriptorProto) -> None:
    file.message_type[0].field[0].label = FieldDescriptorProto.LABEL_REPEATED


def rename(file: FileDescriptorProto) -> None:
    file.message_type[0].field[0].name = "another"


def drop_message(file: FileDescriptorProto) -> None:
    del file.message_type[0]


def drop_rpc(file: FileDescriptorProto) -> None:
    del file.service[0].method[0]


def move_rpc(file: FileDescriptorProto) -> None:
    file.service[0].method[0].options.Extensions[annotations_pb2.http].post = "/v1/elsewhere"


def drop_value(file: FileDescriptorProto) -> None:
    del file.enum_type[0].value[0]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("polyclinic/billing/v1/claims.proto", drop_field),
        ("polyclinic/billing/v1/claims.proto", renumber),
        ("polyclinic/billing/v1/claims.proto", retype),
        ("polyclinic/billing/v1/claims.proto", repeat),
        ("polyclinic/billing/v1/claims.proto", rename),
        ("polyclinic/billing/v1/claims.proto", drop_message),
        ("polyclinic/billing/v1/claims.proto", drop_rpc),
        ("polyclinic/billing/v1/claims.proto", move_rpc),
        ("polyclinic/types/v1/types.proto", drop_value),
        ("polyclinic/identity/v1/events.proto", drop_message),
    ],
)
def test_a_broken_promise_is_named(name: str, change: Callable[[FileDescriptorProto], None]):
    """Each way to break whoever calls or listens is noticed, and the line says what is gone."""
    package = "polyclinic." + name.split("/")[1] + ".v1"
    image = FileDescriptorSet.FromString(NOW.SerializeToString())
    [file] = [file for file in image.file if file.name == name]
    change(file)
    gone = promises.broken(promises.promises(NOW), promises.promises(image))
    assert gone
    assert all(line.startswith(f"{package}: ") for line in gone)


def test_growth_breaks_nothing():
    """A new field, message, enum value and package are no break."""
    image = FileDescriptorSet.FromString(NOW.SerializeToString())
    [file] = [file for file in image.file if file.name == "polyclinic/billing/v1/claims.proto"]
    file.message_type[0].field.add(name="more", number=9999, type=FieldDescriptorProto.TYPE_STRING)
    file.message_type.add(name="Newcomer").field.add(name="one", number=1, type=FieldDescriptorProto.TYPE_STRING)
    image.file.add(name="polyclinic/outreach/v1/outreach.proto", package="polyclinic.outreach.v1").enum_type.add(
        name="Kind"
    ).value.add(name="KIND_NEW", number=0)
    assert promises.broken(promises.promises(NOW), promises.promises(image)) == []
