"""The money files by themselves: writing 837P, reading and proving 835, posting remittances to the stack's PostgreSQL."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from time import perf_counter
from uuid import UUID

import psycopg
import pyx12.x12file
from infra.load.figures import Figure, Sample, rate_figure
from sqlalchemy import select

from billing.__main__ import build
from billing.domain.x12.professional_claim_writer import VERSION, write_batch
from billing.domain.x12.reader import X12Reader
from billing.domain.x12.remittance_proof import Proof
from billing.domain.x12.remittance_reader import RemittanceReader
from billing.domain.x12.writer import EnvelopeData, InterchangeWriter
from billing.settings import Settings
from billing.store import Store
from billing.tables_claims import Claim, Coverage, InboundFile, Remittance
from billing.tables_money import Encounter
from billing.usecases import claims, encounters, inbound, remittance_posting, remittances
from chassis.service import Service
from tests.billing.domain.x12.test_professional_claim import EVERYTHING, RECEIVER, SUBMITTER
from tests.billing.domain.x12.texts import envelope, remittance_set
from tests.load.world import World

ROUNDS = 3
WRITTEN = 1_000
READ = 20_000
POSTED = 500
PAYER = "BENCHPAY"


def claim_writing(_world: World) -> list[Figure]:
    """837P: claims with everything on them into one file, beside joining and encoding the same segments."""
    batch = [replace(EVERYTHING, control=f"B{number:07d}") for number in range(WRITTEN)]
    samples, limits = [], []
    for _ in range(ROUNDS):
        started = perf_counter()
        writer = InterchangeWriter(
            EnvelopeData("ZZ", "SUBMITTERID", "ZZ", "RECEIVERID", 1, datetime(2026, 3, 2, tzinfo=UTC), False)
        )
        with writer.group("HC", VERSION, 1):
            write_batch(writer, SUBMITTER, RECEIVER, "B1", batch, 1)
        data = writer.finish()
        samples.append(Sample(WRITTEN, perf_counter() - started))
        cells = [segment.split("*") for segment in data.decode().split("~\n")]
        started = perf_counter()
        "~\n".join(["*".join(one) for one in cells]).encode()
        limits.append(Sample(WRITTEN, perf_counter() - started))
    return [rate_figure("837P claims written", samples, limits, "joining the same segments")]


def remittance_reading(_world: World) -> list[Figure]:
    """835: read and proved, streamed, beside the byte split of the same file and pyx12's segment reader."""
    segments = [segment for number in range(READ) for segment in _answer(f"B{number:07d}", "LN1", "LN2")]
    data = _file(f"{READ * 100}", segments, control=1).encode()
    ours, splits, others = [], [], []
    for _ in range(ROUNDS):
        started = perf_counter()
        for transaction in X12Reader(io.BytesIO(data)).sets():
            reader = RemittanceReader(transaction)
            proof = Proof(reader.header)
            for claim in reader.claims():
                proof.add(claim)
            if not proof.close(reader.provider_adjustments).balances:
                raise ValueError("the bench's own remittance does not balance")
        ours.append(Sample(READ, perf_counter() - started))
        started = perf_counter()
        [segment.split(b"*") for segment in data.split(b"~")]
        splits.append(Sample(READ, perf_counter() - started))
        started = perf_counter()
        for _segment in pyx12.x12file.X12Reader(io.StringIO(data.decode())):
            pass
        others.append(Sample(READ, perf_counter() - started))
    return [
        rate_figure("835 claims read and proved", ours, splits, "splitting the bytes"),
        rate_figure("835 claims read and proved", ours, others, "pyx12's segment reader"),
    ]


def remittance_posting_rate(world: World) -> list[Figure]:
    """835 end to end by the real use cases: kept, read, proved, matched, posted line by line, committed."""
    service = build(Settings.from_environment(world.stack.plan.environment("billing")))
    tenant = UUID(world.tenant_id)
    _payer(world)
    samples, limits = [], []
    try:
        for number in range(ROUNDS):
            controls = _sent_claims(service, tenant, world)
            segments = [one for control in controls for one in _answer(control, f"{control}01", f"{control}02")]
            data = _file(f"{len(controls) * 100}", segments, control=number + 1, trace=f"BENCH{number}").encode()
            started = perf_counter()
            remittance_id = _post(service, tenant, data)
            samples.append(Sample(len(controls), perf_counter() - started))
            limits.append(Sample(len(controls), _insert_again(world, service, tenant, remittance_id)))
    finally:
        service.database.dispose()
    [figure] = [rate_figure("835 claims posted", samples, limits, "inserting the same rows", bar="≥ 1,000 claims/s")]
    return [replace(figure, met=figure.value >= 1_000)]


def _answer(control: str, first: str, second: str) -> list[str]:
    """An office visit paid, adjusted and shared, a laboratory test bundled."""
    return [
        f"CLP*{control}*1*175*100*20*12*ICN{control}*11*1",
        "NM1*QC*1*DOE*JANE****MI*W123456789",
        "SVC*HC:99213*150*100**1",
        "CAS*CO*45*30",
        "CAS*PR*3*20",
        f"REF*6R*{first}",
        "AMT*B6*120",
        "SVC*HC:85025*25*0**1",
        "CAS*CO*24*25",
        f"REF*6R*{second}",
    ]


def _file(payment: str, segments: list[str], *, control: int, trace: str = "BENCH") -> str:
    set_ = remittance_set(payment, segments, trace=trace)
    whole = envelope("HP", "005010X221A1", [("835", set_)], control=control, st03=False)
    return whole.replace("XV*MEDB1", f"XV*{PAYER}").replace("N1*PE*RIVERSIDE CLINICS*XX*1234567893", "N1*PE*BENCH")


def _payer(world: World) -> None:
    january = {"year": 2026, "month": 1, "day": 1}
    rules = {
        "effective": {"start": january},
        "timely_filing_days": 365,
        "corrected_filing_days": 365,
        "claim_provider": "CLAIM_PROVIDER_RENDERING",
        "silence_alarm_days": 45,
    }
    body = {
        "name": "Bench Payer",
        "kind": "PAYER_KIND_COMMERCIAL",
        "x12_payer_id": PAYER,
        "filing_indicator": "CI",
        "rules": [rules],
        "active_from": january,
    }
    world.owner.put(f"/api/v1/payers/{PAYER}", body)
    fees = [
        {"procedure": code, "amount": {"minor_units": str(minor), "currency": "USD"}}
        for code, minor in (("99213", 15_000), ("85025", 2_500))
    ]
    schedule = {"name": "Charges", "kind": "FEE_SCHEDULE_KIND_CHARGE_MASTER", "effective_from": january, "fees": fees}
    world.owner.put("/api/v1/fee-schedules/BENCH", schedule)


def _sent_claims(service: Service, tenant: UUID, world: World) -> list[str]:
    """Visits signed by the real use case, their claims as if they had been sent; nothing else of them is due."""
    controls: list[str] = []
    for start in range(0, POSTED, 100):
        with service.units.system_call(tenant, seconds=60) as call:
            visits = [_visit(call.new_id(), call.now, world) for _ in range(min(100, POSTED - start))]
            call.session.add_all(visits)
            call.session.add_all(_coverage(call.new_id(), visit.patient_id) for visit in visits)
            call.session.flush()
            for visit in visits:
                encounters.sign_encounter(call, visit.id, visit.version, frozenset({"I10"}))
            made = call.session.scalars(select(Claim).where(Claim.encounter_id.in_([visit.id for visit in visits])))
            for claim in made:
                claim.state = "sent"
                call.due.cancel(claims.PREPARE_DUE, claim.id)
                controls.append(claim.control)
    return controls


def _visit(visit_id: UUID, now: datetime, world: World) -> Encounter:
    line = {"units": 1, "pointers": [1], "modifiers": [], "ndc": "", "ndc_quantity": "", "ndc_unit": ""}
    return Encounter(
        id=visit_id,
        appointment_id=UUID(int=visit_id.int ^ 1),
        patient_id=UUID(int=visit_id.int ^ 2),
        location_id=UUID(world.location_ids[0]),
        practitioner_id=UUID(world.practitioner_ids[0]),
        appointment_type_code="visit",
        modality="in_person",
        start_time=now,
        time_zone="America/New_York",
        service_date=now.date(),
        state="open",
        source_version=1,
        checked_in_at=now,
        seen_at=now,
        diagnoses=["I10"],
        lines=[{"procedure": "99213", **line}, {"procedure": "85025", **line}],
        facts={},
        telehealth=None,
        signed_at=None,
        signed_by="",
        no_charge_reason="",
    )


def _coverage(coverage_id: UUID, patient_id: UUID) -> Coverage:
    return Coverage(
        id=coverage_id,
        patient_id=patient_id,
        payer_code=PAYER,
        kind="health",
        priority=1,
        start_date=None,
        end_date=None,
        active=True,
        source_version=1,
    )


def _post(service: Service, tenant: UUID, data: bytes) -> UUID:
    """Keeps, reads, proves and posts the file in the transactions that due work would use."""
    with service.units.system_call(tenant, seconds=60) as call:
        file: InboundFile = inbound.keep_file(call, Store(call.session), "bench.edi", data, source="upload")
        call.due.cancel(inbound.READ_DUE, file.id)
        file_id = file.id
    with service.units.system_call(tenant, seconds=60) as call:
        inbound.read(call, file_id)
        remittance_id = call.session.scalars(select(Remittance.id).where(Remittance.inbound_file_id == file_id)).one()
        call.due.cancel(remittances.POST_DUE, remittance_id)
    with service.units.system_call(tenant, seconds=60) as call:
        remittance_posting.post(call, remittance_id)
        if call.session.get_one(Remittance, (tenant, remittance_id)).state != "posted":
            raise ValueError("the bench's own remittance was not posted")
    return UUID(str(remittance_id))


def _insert_again(world: World, service: Service, tenant: UUID, remittance_id: UUID) -> float:
    """Seconds to insert the rows of the same posting into tables of the same columns and keys, and nothing else."""
    with service.units.system_call(tenant) as call:
        journal = call.session.get_one(Remittance, (tenant, remittance_id)).journal_id
    with psycopg.connect(world.stack.postgres.admin_url("billing")) as connection:
        started = perf_counter()
        for statement in _copies(remittance_id, journal):
            connection.execute(statement)
        connection.commit()
        return perf_counter() - started


def _copies(remittance_id: UUID, journal_id: UUID | None) -> Iterator[str]:
    of_set = f"remittance_id = '{remittance_id}'"
    answered = f"claim_id in (select claim_id from remittance_claim where {of_set})"
    which = {
        "remittance_claim": of_set,
        "remittance_posting": of_set,
        "claim_happening": answered,
        "ledger_entry": f"journal_id = '{journal_id}'",
    }
    for table, condition in which.items():
        yield f"create temp table bench_{table} (like {table} including indexes) on commit drop"
        yield f"insert into bench_{table} select * from {table} where {condition}"
