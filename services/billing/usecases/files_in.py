"""What people do with inbound files: upload one, have them looked for, read one."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from billing.store import Store
from billing.tables_claims import InboundFile
from billing.usecases import inbound
from billing.usecases.polling import POLL_DUE, POLL_KEY, start_polling
from chassis import files
from chassis.call import Call
from chassis.errors import InvalidInput, Violation


def upload(call: Call, name: str, content: bytes) -> InboundFile:
    """Keeps a file that came another way; its reading is due at once. Raises InvalidInput when it is no X12 at all."""
    if not content.lstrip(b"\xef\xbb\xbf \t\r\n\x00").startswith(b"ISA"):
        raise InvalidInput([Violation("content", "is not an X12 file: it does not begin with ISA")])
    return inbound.keep_file(call, Store(call.session), name, content, source="upload")


def poll_now(call: Call) -> None:
    """Has the clearinghouse looked at now; a look that is under way is that look, however long the clearinghouse takes."""
    if not call.due.under_way(POLL_DUE, POLL_KEY):
        start_polling(call, after=timedelta(0))


def list_files(call: Call, state: str, page_size: int, page_token: str) -> tuple[list[InboundFile], str]:
    """A page of inbound files."""
    return Store(call.session).inbound_page(state, page_size, page_token)


def content_of(call: Call, file_id: UUID) -> bytes:
    """A file's bytes. Raises NotFound."""
    store = Store(call.session)
    row = store.need(InboundFile, file_id, "file")
    call.touch(*store.patients_in_file(row.id))
    return files.get(call, row.stored_file_id).read()
