"""Claims and remittances: every charge is somewhere, every file is sound, every claim's life is complete or waits for somebody."""

from __future__ import annotations

from collections import Counter, defaultdict

from tests.judges.pyx12_judge import judge

from infra.day.context import Day
from infra.day.files import inbound_files, kind_of
from infra.day.invariants import Finding
from infra.day.x12 import Remittance, TransactionSet, read, remittance

# The states in which nothing more is expected of anybody.
FINAL_STATES = ("paid", "closed", "voided", "denied")
# The states in which a claim waits for its payer.
WITH_THE_PAYER = ("sent", "received", "accepted", "pended")

HOMELESS = """
    SELECT cl.id::text AS line, cl.procedure, count(l.claim_id) AS primaries
    FROM charge_line cl
    LEFT JOIN claim_line l ON l.tenant_id = cl.tenant_id AND l.charge_line_id = cl.id AND l.live
                          AND l.responsibility IN ('primary', 'P')
    WHERE cl.tenant_id = %s AND cl.payer_id IS NOT NULL AND cl.held_reason = ''
    GROUP BY cl.id, cl.procedure HAVING count(l.claim_id) <> 1
"""
UNSIGNED = """
    SELECT appointment_id::text AS appointment, state FROM encounter
    WHERE tenant_id = %s AND seen_at IS NOT NULL AND state NOT IN ('signed', 'no_charge', 'cancelled')
"""
SIGNED_WITHOUT_LINES = """
    SELECT e.appointment_id::text AS appointment FROM encounter e
    WHERE e.tenant_id = %s AND e.state = 'signed'
      AND NOT EXISTS (SELECT 1 FROM charge_line c WHERE c.tenant_id = e.tenant_id AND c.encounter_id = e.id)
"""
WAITING = """
    SELECT c.control, c.state, c.hold_reason, c.sent_on, c.crossed_over,
           (SELECT count(*) FROM work_item w WHERE w.tenant_id = c.tenant_id AND w.claim_id = c.id AND w.state = 'open')
             AS open_items,
           EXISTS (SELECT 1 FROM claim n WHERE n.tenant_id = c.tenant_id AND n.replaces_claim_id = c.id) AS replaced
    FROM claim c WHERE c.tenant_id = %s
"""


def every_charge_has_one_place(day: Day) -> Finding:
    """Each charge line is on exactly one live primary claim, the self-pay account, or held with a reason."""
    tenant = [day.cast.tenant_id]
    rows = day.observer.databases.rows("billing", HOMELESS, tenant)
    failures = [f"line {row['line']} ({row['procedure']}) is on {row['primaries']} live primary claims" for row in rows]
    failures += [
        f"visit {row['appointment']} was seen and is {row['state']}"
        for row in day.observer.databases.rows("billing", UNSIGNED, tenant)
    ]
    failures += [
        f"visit {row['appointment']} is signed and has no charge"
        for row in day.observer.databases.rows("billing", SIGNED_WITHOUT_LINES, tenant)
    ]
    count = day.observer.databases.one("billing", "SELECT count(*) AS n FROM charge_line WHERE tenant_id = %s", tenant)
    return Finding(
        "every charge line is on one live primary claim, self-pay or held with a reason", count["n"], failures
    )


def every_seen_visit_is_charged(day: Day) -> Finding:
    """What the day saw being signed is what billing has charged: no visit is lost between the two."""
    rows = day.observer.databases.rows(
        "billing",
        "SELECT appointment_id::text AS appointment FROM encounter WHERE tenant_id = %s AND state = 'signed'",
        [day.cast.tenant_id],
    )
    signed = {row["appointment"] for row in rows}
    done = {visit.appointment_id for visit in day.visits if visit.fate == "done"}
    failures = [f"visit {one} was seen and is not signed" for one in sorted(done - signed)]
    failures += [f"visit {one} is signed and nobody was seen" for one in sorted(signed - done)]
    return Finding("every visit that was seen is signed and charged, and no other", len(done), failures)


def claim_files_are_unique(day: Day) -> Finding:
    """File names, interchange control numbers and claim numbers never come twice."""
    names: Counter[str] = Counter()
    interchanges: Counter[str] = Counter()
    numbers: Counter[str] = Counter()
    for name, content in day.claim_files():
        names[name] += 1
        interchanges.update({transaction.interchange for transaction in read(content)})
        for transaction in read(content):
            numbers.update(segment[1] for segment in transaction.segments if segment.tag == "CLM")
    failures = [
        f"{what} {value} came {times} times"
        for what, counted in (("file", names), ("interchange", interchanges), ("claim", numbers))
        for value, times in counted.items()
        if times > 1
    ]
    rows = day.observer.databases.rows("billing", "SELECT control FROM claim WHERE sent_on IS NOT NULL")
    sent = {row["control"] for row in rows}
    failures += [f"claim {control} is said to be sent and is in no file" for control in sorted(sent - numbers.keys())]
    failures += [f"claim {control} is in a file and not said to be sent" for control in sorted(numbers.keys() - sent)]
    return Finding("claim files are unique by name and control number and hold what was sent", len(numbers), failures)


def every_claim_is_complete_or_waits(day: Day) -> Finding:
    """Each claim is finished, or waits for its payer, or for a person by a work item or a stated reason."""
    failures = []
    rows = day.observer.databases.rows("billing", WAITING, [day.cast.tenant_id])
    waiting: Counter[str] = Counter()
    for row in rows:
        if row["state"] in FINAL_STATES or row["replaced"]:
            waiting["finished"] += 1
        elif row["open_items"] or row["hold_reason"]:
            waiting["a person"] += 1
        elif row["state"] in WITH_THE_PAYER and (row["sent_on"] is not None or row["crossed_over"]):
            waiting["the payer"] += 1
        elif row["state"] == "ready":
            waiting["the next batch"] += 1
        else:
            failures.append(f"claim {row['control']} is {row['state']} and waits for nobody")
    day.figures["claims_wait_for"] = dict(waiting)
    return Finding("every claim's life is complete or waits for a named party", len(rows), failures)


def every_remittance_balances_or_was_refused(day: Day) -> Finding:
    """For each 835 set BPR02 = ΣCLP04 − ΣPLB and each claim and line balances, or it was refused whole; posted once."""
    failures = []
    rows = day.observer.databases.rows(
        "billing",
        "SELECT split_part(set_key, '|', 1) AS originator, trace, payment_minor, state FROM remittance",
    )
    held = Counter((row["originator"], row["trace"], row["payment_minor"], row["state"]) for row in rows)
    sets = remittances(day)
    for made in sets:
        faults = made.faults()
        wanted = "refused" if faults else "posted"
        found = held[made.originator, made.trace, made.paid, wanted]
        if found != 1:
            failures.append(
                f"set {made.trace} of {made.originator} ({made.paid} cents) should be {wanted} once and is so {found} times"
            )
    if len(rows) != len(sets):
        failures.append(f"{len(sets)} sets came and {len(rows)} are kept")
    return Finding("every 835 set balances to the cent and is posted once, or is refused whole", len(sets), failures)


def remitted_money_is_in_the_books(day: Day) -> Finding:
    """What each posted claim answer paid is what its postings paid, and a set's payments are its deposit."""
    sets = [made for made in remittances(day) if not made.faults()]
    row = day.observer.databases.one(
        "billing",
        "SELECT coalesce(sum(e.amount_minor), 0)::bigint AS minor FROM ledger_entry e"
        " JOIN journal j ON j.tenant_id = e.tenant_id AND j.id = e.journal_id"
        " JOIN remittance r ON r.tenant_id = j.tenant_id AND r.journal_id = j.id"
        " WHERE e.account = 'insurance_deposits'",
    )
    paid = sum(made.paid for made in sets)
    failures = [] if row["minor"] == paid else [f"payers sent {paid} cents, the books show {row['minor']}"]
    return Finding("what payers sent is in the books to the cent", len(sets), failures)


def outside_judge_accepts_every_file(day: Day) -> Finding:
    """pyx12, which shares no code with us, finds no fault in any claim file or remittance."""
    texts = [content.decode() for _name, content in day.claim_files()]
    texts += [content.decode() for _name, content in inbound_files(day) if kind_of(content) == "835"]
    # Files that are written alike are judged in one go, as the interchanges of one long file: the judge reads its map of the
    # guide once then, which takes longer than the files.
    alike: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        alike[text[3] + text[82] + text[104:106] + kind_of(text.encode())].append(text.rstrip("\r\n"))
    failures = [error for group in alike.values() for error in judge("\n".join(group) + "\n")[:10]]
    return Finding("pyx12 accepts every claim file and every remittance", len(texts), failures)


def remittances(day: Day) -> list[Remittance]:
    """Every 835 set that has come, read by the day's own reader."""
    found: list[TransactionSet] = []
    for _name, content in inbound_files(day):
        found += [transaction for transaction in read(content) if transaction.kind == "835"]
    return [remittance(transaction) for transaction in found]


PROOFS = [
    every_seen_visit_is_charged,
    every_charge_has_one_place,
    claim_files_are_unique,
    every_claim_is_complete_or_waits,
    every_remittance_balances_or_was_refused,
    remitted_money_is_in_the_books,
    outside_judge_accepts_every_file,
]
