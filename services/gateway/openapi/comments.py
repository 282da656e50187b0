"""The comments of the contracts: the image that ``python -m infra.protos`` writes beside the generated classes has
them."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2

_RULER = re.compile(r"^-{2,}.*$", re.MULTILINE)
# Field numbers in descriptor.proto, of which source paths consist.
_MESSAGE, _ENUM, _SERVICE = 4, 5, 6
_FIELD, _NESTED, _NESTED_ENUM = 2, 3, 4
_METHOD, _ENUM_VALUE = 2, 2


def find_image(root: str = "polyclinic") -> Path | None:
    """Where the image lies: beside the generated package."""
    for folder in importlib.import_module(root).__path__:
        candidate = Path(folder).parent / "image.binpb"
        if candidate.is_file():
            return candidate
    return None


class Comments:
    """Comments by the full name of what they stand at (``polyclinic.billing.v1.Payer.code``); "" where there is
    none."""

    def __init__(self, image: Path | None) -> None:
        self._texts: dict[str, str] = {}
        if image is not None:
            for file in descriptor_pb2.FileDescriptorSet.FromString(image.read_bytes()).file:
                self._read(file)

    def of(self, full_name: str) -> str:
        """The comment above (or behind) an element, its lines joined into paragraphs."""
        return self._texts.get(full_name, "")

    def _read(self, file: Any) -> None:
        names = dict(_named_paths(file))
        for location in file.source_code_info.location:
            name = names.get(tuple(location.path))
            text = location.leading_comments or location.trailing_comments
            if name and text.strip():
                self._texts[name] = _clean(text)


def _clean(text: str) -> str:
    lines = [line.strip() for line in _RULER.sub("", text.strip()).splitlines()]
    paragraphs = "\n".join(lines).split("\n\n")
    return "\n\n".join(" ".join(part.split("\n")) if "\n-" not in part else part for part in paragraphs if part).strip()


def _named_paths(file: Any) -> Iterator[tuple[tuple[int, ...], str]]:
    """(source path, full name) of every message, field, enum, value, service and method of a file."""
    package = file.package
    for index, message in enumerate(file.message_type):
        yield from _message_paths(message, (_MESSAGE, index), f"{package}.{message.name}")
    for index, enum in enumerate(file.enum_type):
        yield from _enum_paths(enum, (_ENUM, index), f"{package}.{enum.name}")
    for index, service in enumerate(file.service):
        name = f"{package}.{service.name}"
        yield (_SERVICE, index), name
        for number, method in enumerate(service.method):
            yield (_SERVICE, index, _METHOD, number), f"{name}.{method.name}"


def _message_paths(message: Any, path: tuple[int, ...], name: str) -> Iterator[tuple[tuple[int, ...], str]]:
    yield path, name
    for index, field in enumerate(message.field):
        yield (*path, _FIELD, index), f"{name}.{field.name}"
    for index, nested in enumerate(message.nested_type):
        yield from _message_paths(nested, (*path, _NESTED, index), f"{name}.{nested.name}")
    for index, enum in enumerate(message.enum_type):
        yield from _enum_paths(enum, (*path, _NESTED_ENUM, index), f"{name}.{enum.name}")


def _enum_paths(enum: Any, path: tuple[int, ...], name: str) -> Iterator[tuple[tuple[int, ...], str]]:
    yield path, name
    for index, value in enumerate(enum.value):
        yield (*path, _ENUM_VALUE, index), f"{name}.{value.name}"
