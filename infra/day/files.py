"""The files a person can open: claims, acknowledgements, remittances, statements, messages, day sheets."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from infra.day.client import Json
from infra.day.context import Day
from infra.day.daysheet import write_day_sheet
from infra.day.world import CLINICIANS


def write_files(day: Day) -> dict[str, int]:
    """Write everything below ``out/day`` anew; returns how many files lie in each folder."""
    out = day.options.out
    for folder in ("claims", "inbound", "statements", "messages", "day-sheets"):
        shutil.rmtree(out / folder, ignore_errors=True)
    write_x12(day, out)
    write_statements(day, out / "statements")
    write_messages(day, out / "messages")
    sheets = out / "day-sheets"
    sheets.mkdir(parents=True)
    for clinician in CLINICIANS:
        write_day_sheet(day, clinician, sheets / f"{clinician.key}.pdf")
    counted = Counter(path.parent.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    return {folder: count for folder, count in sorted(counted.items()) if folder != "."}


def write_x12(day: Day, out: Path) -> None:
    """Every file that went to the clearinghouse and every file that came from it, by kind."""
    (out / "claims").mkdir(parents=True)
    for name, content in day.claim_files():
        (out / "claims" / name).write_bytes(content)
    for name, content in inbound_files(day):
        folder = out / "inbound" / kind_of(content)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def inbound_files(day: Day) -> list[tuple[str, bytes]]:
    """Name and bytes of every file the clearinghouse has put into our mailbox, in order."""
    found: list[tuple[str, bytes]] = []
    after = "0"
    while True:
        page = day.outside.clearinghouse_mailbox(after)
        found += [(entry["name"], day.outside.clearinghouse_file(entry["name"])) for entry in page]
        if not page:
            return found
        after = page[-1]["cursor"]


def kind_of(content: bytes) -> str:
    """Which transaction a file holds, by its first ST segment (or TA1)."""
    text = content.decode("utf-8", errors="replace")
    element = text[3:4]
    for segment in text.split(text[105:106]):
        parts = segment.strip().split(element)
        if parts[0] == "ST":
            return {"277": "277CA", "999": "999", "835": "835", "271": "271"}.get(parts[1], parts[1])
        if parts[0] == "TA1":
            return "TA1"
    return "other"


def write_statements(day: Day, folder: Path) -> None:
    """Three statements as their guarantors got them, as different as the day has them."""
    folder.mkdir(parents=True)
    biller = day.accounts.biller
    listed = list(biller.pages("/api/v1/statements", "statements"))
    whole = [biller.get(f"/api/v1/statements/{statement['statement_id']}") for statement in listed]
    for statement in telling(whole):
        pdf = biller.download(f"/api/v1/statements/{statement['statement_id']}/pdf")
        (folder / f"{statement['number']}.pdf").write_bytes(pdf)


def telling(statements: Sequence[Json]) -> list[Json]:
    """Three statements of different guarantors that show most: one on which a payer has paid, the longest, a later notice."""

    def paid_by_payer(statement: Json) -> int:
        return sum(int(line["payer_paid"]["minor_units"]) > 0 for line in statement["lines"])

    def length(statement: Json) -> int:
        return len(statement["lines"])

    def notice(statement: Json) -> int:
        return int(statement["cycle"])

    chosen: list[Json] = []
    for measure in (paid_by_payer, length, notice):
        taken = {statement["patient_id"] for statement in chosen}
        left = [statement for statement in statements if statement["patient_id"] not in taken]
        if left:
            chosen.append(max(left, key=lambda each: (measure(each), int(each["amount_due"]["minor_units"]))))
    return chosen


def write_messages(day: Day, folder: Path) -> None:
    """Every text message as one list, every mail as the mail server got it."""
    folder.mkdir(parents=True)
    texts = list(day.outside.sms.messages())
    (folder / "texts.json").write_text(json.dumps(texts, indent=1) + "\n")
    for mail in day.outside.mail.messages():
        content = day.outside.mail.download(f"/_sim/messages/{mail['cursor']}")
        (folder / f"mail-{int(mail['cursor']):05d}.eml").write_bytes(content)
