"""What the contracts have promised: ``python -m infra.promises`` (``make promises``).

A promise is one line of text in ``protos/promised/<package>.txt``: a message's field with its number, type, presence and
place on the wire, an enum's value, an RPC with its messages and its REST binding, an event's subject. Within ``v1`` contracts
may only grow, so a line that was promised must stand for ever; a test holds the contracts against the committed lines. The
command adds what has come since and takes nothing away: what is withdrawn on purpose is taken out of the file by hand,
where a review sees it. A breaking change is a ``v2`` beside the ``v1``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import polyclinic.options.v1.options_pb2 as options
from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
)

ROOT = Path(__file__).resolve().parent.parent
IMAGE = ROOT / "build" / "protos" / "image.binpb"
PROMISED = ROOT / "protos" / "promised"


def promises(image: FileDescriptorSet) -> dict[str, set[str]]:
    """Package → its lines, for every package of ours in a descriptor set."""
    found: dict[str, set[str]] = {}
    for file in image.file:
        if file.package.startswith("polyclinic."):
            found.setdefault(file.package, set()).update(_of_file(file))
    return found


def _of_file(file: FileDescriptorProto) -> Iterator[str]:
    for message in file.message_type:
        yield from _of_message(message, "")
    for enum in file.enum_type:
        yield from _of_enum(enum, "")
    for service in file.service:
        for method in service.method:
            yield f"rpc {service.name}.{method.name} {_of_method(method)}"
    for extension in file.extension:
        yield f"extension {_of_field(extension, DescriptorProto())} of {extension.extendee}"


def _of_message(message: DescriptorProto, parent: str) -> Iterator[str]:
    name = f"{parent}{message.name}"
    yield f"message {name}"
    event = message.options.Extensions[options.event]
    if event.subject:
        yield f"event {name} {event.subject} {options.EventKind.Name(event.kind)} by {event.aggregate_id_field}"
    for field in message.field:
        yield f"field {name} {_of_field(field, message)}"
    for enum in message.enum_type:
        yield from _of_enum(enum, f"{name}.")
    for nested in message.nested_type:
        yield from _of_message(nested, f"{name}.")


def _of_field(field: FieldDescriptorProto, message: DescriptorProto) -> str:
    kind = FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
    parts = [str(field.number), field.name, field.type_name.removeprefix(".") or kind]
    if field.label == FieldDescriptorProto.LABEL_REPEATED:
        parts.append("repeated")
    if field.proto3_optional:
        parts.append("optional")
    elif field.HasField("oneof_index"):
        parts.append(f"in {message.oneof_decl[field.oneof_index].name}")
    return " ".join(parts)


def _of_enum(enum: EnumDescriptorProto, parent: str) -> Iterator[str]:
    for value in enum.value:
        yield f"enum {parent}{enum.name} {value.number} {value.name}"


def _of_method(method: MethodDescriptorProto) -> str:
    http = method.options.Extensions[annotations_pb2.http]
    verb = http.WhichOneof("pattern") or "none"
    asked, told = method.input_type.removeprefix("."), method.output_type.removeprefix(".")
    streams = (
        f"{'stream ' if method.client_streaming else ''}{asked} -> {'stream ' if method.server_streaming else ''}{told}"
    )
    return f"{streams} {verb.upper()} {getattr(http, verb, '')}{f' body {http.body}' if http.body else ''}"


def promised(folder: Path = PROMISED) -> dict[str, set[str]]:
    """Package → the lines that were committed."""
    return {path.stem: set(path.read_text().splitlines()) for path in sorted(folder.glob("*.txt"))}


def broken(before: dict[str, set[str]], now: dict[str, set[str]]) -> list[str]:
    """Promises that do not stand any more, in order, each with its package."""
    return sorted(f"{package}: {line}" for package, lines in before.items() for line in lines - now.get(package, set()))


def main() -> int:
    """Adds today's contracts to what is promised; 1, and nothing written, while something promised is gone."""
    before, now = promised(), promises(FileDescriptorSet.FromString(IMAGE.read_bytes()))
    if gone := broken(before, now):
        print("Promised, and gone:", *gone, sep="\n  ", file=sys.stderr)
        return 1
    PROMISED.mkdir(exist_ok=True)
    for package, lines in now.items():
        (PROMISED / f"{package}.txt").write_text("".join(f"{line}\n" for line in sorted(lines)))
    added = sum(len(lines - before.get(package, set())) for package, lines in now.items())
    print(f"promises: {added} added, {sum(len(lines) for lines in now.values())} in all")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
