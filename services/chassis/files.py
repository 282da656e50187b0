"""Documents, PDFs, remittances: streamed, keyed by tenant, kept in PostgreSQL by chunks."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.call import Call
from chassis.clock import real_now
from chassis.errors import NotFound
from chassis.tables import StoredFile as FileRow
from chassis.tables import StoredFileChunk

CHUNK = 256 * 1024


@dataclass(frozen=True)
class StoredFile:
    """A stored file's head; `chunks()` reads its bytes within the transaction it was got in."""

    id: UUID
    name: str
    content_type: str
    size: int
    sha256: bytes
    session: Session

    def chunks(self) -> Iterator[bytes]:
        """The bytes, in chunks of 256 KiB."""
        query = (
            select(StoredFileChunk.data)
            .where(StoredFileChunk.tenant_id == self.session.info["tenant_id"], StoredFileChunk.file_id == self.id)
            .order_by(StoredFileChunk.index)
        )
        yield from self.session.execute(query).scalars()

    def read(self) -> bytes:
        """All bytes at once; for files known to be small."""
        return b"".join(self.chunks())


def put(call: Call, name: str, content_type: str, data: bytes | BinaryIO) -> UUID:
    """Stores a file in the call's transaction and returns its id."""
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    tenant_id, file_id = call.tenant_id, call.new_id()
    head = FileRow(
        tenant_id=tenant_id, id=file_id, name=name, content_type=content_type, size=0, sha256=b"", created_at=real_now()
    )
    call.session.add(head)
    call.session.flush()
    digest, size, index = hashlib.sha256(), 0, 0
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
        call.session.add(StoredFileChunk(tenant_id=tenant_id, file_id=file_id, index=index, data=chunk))
        call.session.flush()
        index += 1
    head.size, head.sha256 = size, digest.digest()
    call.session.flush()
    return file_id


def get(call: Call, file_id: UUID) -> StoredFile:
    """The file. Raises NotFound."""
    row = call.session.get(FileRow, (call.tenant_id, file_id))
    if row is None:
        raise NotFound("file")
    return StoredFile(row.id, row.name, row.content_type, row.size, row.sha256, call.session)
