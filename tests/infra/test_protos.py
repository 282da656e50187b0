"""The generated classes: rules that really refuse, and no copy that outlives its contract."""

from __future__ import annotations

import protovalidate
import pytest
from google.protobuf import descriptor_pb2
from polyclinic.identity.v1 import identity_pb2

from infra import protos


def test_the_validator_sees_the_rules_of_generated_classes() -> None:
    """A message that breaks its contract's rules is refused with all violations."""
    with pytest.raises(protovalidate.ValidationError) as refused:
        protovalidate.validate(identity_pb2.CheckLicenceRequest(practitioner_id="nobody", state="Ohio"))
    assert len(refused.value.violations) == 3


def test_nothing_is_generated_twice() -> None:
    """A second run without a change writes nothing."""
    protos.generate()
    assert protos.generate() == 0


def test_the_image_holds_every_contract_with_its_comments() -> None:
    """The image has all contracts and their comments, for linting and documentation."""
    image = descriptor_pb2.FileDescriptorSet.FromString((protos.OUTPUT / "image.binpb").read_bytes())
    ours = {file.name: file for file in image.file if file.name.startswith("polyclinic/")}
    assert set(ours) == {path.relative_to(protos.SOURCE).as_posix() for path in protos.SOURCE.rglob("*.proto")}
    assert all(file.source_code_info.location for file in ours.values())


def test_a_broken_contract_is_told_with_its_place(tmp_path, monkeypatch) -> None:
    """protoc's own message with file and line is what the developer sees."""
    broken = tmp_path / "polyclinic" / "broken" / "v1"
    broken.mkdir(parents=True)
    (broken / "broken.proto").write_text('syntax = "proto3";\nmessage Half {\n  string name = ;\n}\n')
    monkeypatch.setattr(protos, "SOURCE", tmp_path)
    with pytest.raises(protos.ProtoError, match=r"broken\.proto:3"):
        protos.generate(["broken"])
