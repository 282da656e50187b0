"""Generates Python classes from the contracts: ``python -m infra.protos`` (``make protos``).

Input: every ``protos/polyclinic/**/*.proto``. Output, all of it in the git-ignored ``build/protos/``:

- ``polyclinic/<service>/v1/*_pb2.py`` and ``*_pb2.pyi`` (no ``*_pb2_grpc.py``: the chassis registers handlers from
  descriptors);
- ``buf/validate/validate_pb2.py``, generated from the descriptor that protovalidate carries, so that the rules the
  generated classes know and the rules the validator enforces can never be two versions of one file;
- ``image.binpb``, a ``FileDescriptorSet`` with all imports and comments, for ``buf lint``/``buf breaking`` and for
  documentation.

Nothing happens when neither a proto nor a generator has changed since the last run. Files are replaced one by one and
only when their content differs, so processes that are running meanwhile never see half a file.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import importlib.metadata
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "protos"
OUTPUT = ROOT / "build" / "protos"
VALIDATE = "buf/validate/validate.proto"
SHARED = ("polyclinic/options/", "polyclinic/types/")
GENERATORS = ("grpcio-tools", "protobuf", "protovalidate", "googleapis-common-protos")


class ProtoError(Exception):
    """protoc refused a contract; the text is protoc's own, with file, line and column."""


def main(argv: list[str] | None = None) -> int:
    """Generate what is out of date; returns the process's exit code (1 with protoc's message on a broken contract)."""
    parser = argparse.ArgumentParser(prog="python -m infra.protos", description="Generate Python from the contracts.")
    parser.add_argument(
        "packages", nargs="*", help="only these services (e.g. billing); default: all, plus image.binpb"
    )
    parser.add_argument("--force", action="store_true", help="generate even when nothing has changed")
    arguments = parser.parse_args(argv)
    try:
        count = generate(arguments.packages, force=arguments.force)
    except ProtoError as error:
        print(error, file=sys.stderr)
        return 1
    if count:
        print(f"protos: {count} files written to build/protos")
    return 0


def generate(packages: list[str] | None = None, *, force: bool = False) -> int:
    """Bring ``build/protos`` up to date and return how many files were written (0: nothing had changed).

    With ``packages`` only those services' contracts are generated and neither the image nor the stamp is touched.
    Raises ProtoError when a contract does not compile; the previous output then stays as it was.
    """
    OUTPUT.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time():
        contracts = sorted(path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.proto"))
        if packages:
            wanted = tuple(f"polyclinic/{name}/" for name in packages)
            chosen = [name for name in contracts if name.startswith((*SHARED, *wanted))]
            return _compile(chosen, image=False)
        stamp = OUTPUT / ".stamp"
        digest = _digest(contracts)
        if not force and stamp.is_file() and stamp.read_text() == digest:
            return 0
        written = _compile(contracts, image=True)
        _remove_orphans(contracts)
        stamp.write_text(digest)
        return max(written, 1)


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    with (OUTPUT / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digest(contracts: list[str]) -> str:
    """What decides the output: the contracts, the generators' versions and this file."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for generator in GENERATORS:
        digest.update(f"{generator} {importlib.metadata.version(generator)}\n".encode())
    for name in contracts:
        digest.update(f"{name}\n".encode() + (SOURCE / name).read_bytes())
    return digest.hexdigest()


def _compile(contracts: list[str], *, image: bool) -> int:
    import grpc_tools

    # grpcio-tools carries google/protobuf/*, googleapis-common-protos carries google/{api,rpc,type}/* beside it.
    bundled = Path(grpc_tools.__file__).parent / "_proto"
    googleapis = Path(str(importlib.metadata.distribution("googleapis-common-protos").locate_file("")))
    with tempfile.TemporaryDirectory(prefix="polyclinic-protos-") as scratch:
        target = Path(scratch) / "out"
        target.mkdir()
        validate = Path(scratch) / "validate.binpb"
        validate.write_bytes(_validate_descriptor_set())
        arguments = [f"--descriptor_set_in={validate}", f"-I{SOURCE}", f"-I{bundled}", f"-I{googleapis}"]
        arguments += [f"--python_out={target}", f"--pyi_out={target}"]
        if image:
            arguments += [
                f"--descriptor_set_out={target / 'image.binpb'}",
                "--include_imports",
                "--include_source_info",
            ]
        _protoc([*arguments, VALIDATE, *contracts])
        return _publish(target)


def _protoc(arguments: list[str]) -> None:
    """Run protoc in a process of its own, because inside Python it prints its errors past ``sys.stderr``."""
    command = [sys.executable, "-m", "grpc_tools.protoc", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise ProtoError(ran.stderr.strip() or f"protoc ended with exit code {ran.returncode}")


def _validate_descriptor_set() -> bytes:
    """The serialised FileDescriptorSet of protovalidate's own validate.proto and the files that it imports."""
    from google.protobuf import descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2
    from protovalidate._gen.buf.validate import validate_pb

    files = descriptor_pb2.FileDescriptorSet()
    for module in (descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2):
        module.DESCRIPTOR.CopyToProto(files.file.add())
    files.file.add().ParseFromString(validate_pb.desc().proto.to_binary())
    return files.SerializeToString()


def _publish(target: Path) -> int:
    """Move what is new or different into ``build/protos`` and return how many files that were."""
    written = 0
    for made in sorted(path for path in target.rglob("*") if path.is_file()):
        final = OUTPUT / made.relative_to(target)
        content = made.read_bytes()
        if final.is_file() and final.read_bytes() == content:
            continue
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary = final.with_name(f".{final.name}.{os.getpid()}")
        temporary.write_bytes(content)
        temporary.replace(final)
        written += 1
    return written


def _remove_orphans(contracts: list[str]) -> None:
    """Delete classes whose contract is gone; an import that still works on one machine only is worse than none."""
    stems = {name.removesuffix(".proto") for name in [*contracts, VALIDATE]}
    for pattern in ("*_pb2.py", "*_pb2.pyi"):
        for made in OUTPUT.rglob(pattern):
            stem = made.relative_to(OUTPUT).with_suffix("").as_posix().removesuffix("_pb2")
            if stem not in stems:
                made.unlink()


if __name__ == "__main__":
    raise SystemExit(main())
