"""One example for each RPC of the cut-over, for the set tests."""

from __future__ import annotations

from google.type.date_pb2 import Date
from polyclinic.billing.v1 import cut_over_pb2 as pb

from chassis.testing import Case
from tests.billing.cases_money import MoneyWorld
from tests.billing.clinic import usd


def _file(w: MoneyWorld) -> pb.ImportCutOverFileRequest:
    patient_id = w.clinic.patient()
    row = f"{patient_id[-12:]},M{patient_id[-6:]},Albany,1003000126,2025-11-03,patient,12.50"
    heading = "key,mrn,location,practitioner npi,service date,owed by,amount"
    return pb.ImportCutOverFileRequest(
        kind=pb.CUT_OVER_KIND_BALANCES,
        name="balances.csv",
        content=f"{heading}\n{row}\n".encode(),
        as_of=Date(year=2026, month=1, day=31),
        control_totals=[pb.CutOverTotal(bucket="patient", rows=1, amount=usd(1_250))],
    )


CASES: dict[str, Case] = {
    "ImportCutOverFile": Case(_file),
    "ListCutOverFiles": Case(lambda w: pb.ListCutOverFilesRequest()),
}
