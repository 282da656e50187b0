"""One example for each RPC of the money half, for the set tests."""

from __future__ import annotations

import json
from uuid import UUID

from google.type.date_pb2 import Date
from infra.simulators.cards.processor import sign
from infra.simulators.kit.webhooks import Webhook
from polyclinic.billing.v1 import encounters_pb2, ledger_pb2, payers_pb2, payments_pb2, statements_pb2
from polyclinic.options.v1 import options_pb2

from chassis.testing import Case
from tests.billing.clinic import JANUARY, Clinic, day, payer_request, usd

CARD_WEBHOOK_SECRET = "whsec_cases"
ENVIRONMENT = {"POLYCLINIC_CARD_WEBHOOK_SECRET": CARD_WEBHOOK_SECRET}


class MoneyWorld:
    """A clinic, and what the examples need in it, made when it is asked for."""

    def __init__(self, clinic: Clinic, tenant: UUID) -> None:
        self.clinic = clinic
        self.tenant_id = tenant
        self._drawer_id = ""

    def open_visit(self) -> encounters_pb2.Encounter:
        return self.clinic.code(self.clinic.open_visit(self.clinic.patient()))

    def signed_visit(self) -> encounters_pb2.Encounter:
        return self.clinic.signed_visit(self.clinic.patient())

    def charge_line_id(self) -> str:
        return str(self.signed_visit().charges[0].charge_line_id)

    def drawer_id(self) -> str:
        """The desk's drawer, opened when it is first asked for: a desk has one at a time."""
        self._drawer_id = self._drawer_id or str(self.clinic.open_drawer(0).drawer_id)
        return self._drawer_id

    def check_id(self) -> str:
        """A payment by check that nothing is owed for."""
        self.drawer_id()
        return str(self.clinic.take(self.clinic.patient(), 1_000, "CHECK", check_number="7").payment_id)

    def journal_id(self) -> str:
        request = ledger_pb2.WriteOffRequest(
            charge_line_id=self.charge_line_id(),
            kind=ledger_pb2.WRITE_OFF_KIND_COURTESY,
            amount=usd(100),
            reason="a neighbour",
        )
        return str(self.clinic.staff.call("WriteOff", request).journal_id)

    def statement_id(self) -> str:
        visit = self.signed_visit()
        request = statements_pb2.IssueStatementsRequest(patient_ids=[visit.patient_id])
        [statement_id] = self.clinic.staff.call("IssueStatements", request).statement_ids
        return str(statement_id)

    def fee_schedule_id(self) -> str:
        [schedule] = self.clinic.staff.call("ListFeeSchedules", payers_pb2.ListFeeSchedulesRequest()).fee_schedules
        return str(schedule.fee_schedule_id)

    def today(self) -> Date:
        return day(self.clinic.harness.clock.now().date())

    def card_event(self) -> options_pb2.WebhookRequest:
        """A well-signed event about a payment that is none of ours."""
        event = {
            "id": "evt_case",
            "type": "payment_intent.succeeded",
            "data": {"object": {"id": "pi_case", "amount": 1}},
        }
        body = json.dumps(event).encode()
        headers = sign(Webhook(1, "", "", body, "application/json", CARD_WEBHOOK_SECRET))
        return options_pb2.WebhookRequest(
            tenant_id=str(self.tenant_id), headers={name.lower(): value for name, value in headers.items()}, body=body
        )


def _save_codes(w: MoneyWorld) -> encounters_pb2.SaveCodesRequest:
    visit = w.clinic.open_visit(w.clinic.patient())
    line = encounters_pb2.CodedLine(procedure="99213", units=1, diagnosis_pointers=[1])
    return encounters_pb2.SaveCodesRequest(encounter_id=visit.encounter_id, diagnoses=["I10"], lines=[line])


def _sign(w: MoneyWorld) -> encounters_pb2.SignEncounterRequest:
    visit = w.open_visit()
    return encounters_pb2.SignEncounterRequest(encounter_id=visit.encounter_id, version=visit.version)


CASES = {
    "PutPayer": Case(lambda w: payer_request("BLUE", payers_pb2.PAYER_KIND_COMMERCIAL)),
    "GetPayer": Case(lambda w: payers_pb2.GetPayerRequest(code="COMM1"), names_resource=True),
    "ListPayers": Case(lambda w: payers_pb2.ListPayersRequest(active_on=JANUARY)),
    "PutFeeSchedule": Case(
        lambda w: payers_pb2.PutFeeScheduleRequest(
            code="CHARGES",
            name="Charges",
            kind=payers_pb2.FEE_SCHEDULE_KIND_CHARGE_MASTER,
            effective_from=Date(year=2027, month=1, day=1),
            fees=[payers_pb2.Fee(procedure="99213", amount=usd(16_000))],
        )
    ),
    "ImportFeeSchedule": Case(
        lambda w: payers_pb2.ImportFeeScheduleRequest(
            code="CHARGES",
            name="Charges",
            kind=payers_pb2.FEE_SCHEDULE_KIND_CHARGE_MASTER,
            effective_from=Date(year=2027, month=1, day=1),
            content=b"code,fee\n99213,160.00\n",
        )
    ),
    "GetFeeSchedule": Case(
        lambda w: payers_pb2.GetFeeScheduleRequest(fee_schedule_id=w.fee_schedule_id()), names_resource=True
    ),
    "ListFeeSchedules": Case(lambda w: payers_pb2.ListFeeSchedulesRequest()),
    "LookUpPrice": Case(
        lambda w: payers_pb2.LookUpPriceRequest(
            procedure="99213", location_id=w.clinic.location, service_date=w.today()
        )
    ),
    "GetEncounter": Case(
        lambda w: encounters_pb2.GetEncounterRequest(encounter_id=w.open_visit().encounter_id), names_resource=True
    ),
    "ListEncounters": Case(lambda w: encounters_pb2.ListEncountersRequest()),
    "SaveCodes": Case(_save_codes, names_resource=True),
    "SignEncounter": Case(_sign, names_resource=True),
    "NoCharge": Case(
        lambda w: encounters_pb2.NoChargeRequest(encounter_id=w.open_visit().encounter_id, reason="global period"),
        names_resource=True,
    ),
    "ListMissingCharges": Case(lambda w: encounters_pb2.ListMissingChargesRequest()),
    "AskAmounts": Case(
        lambda w: payments_pb2.AskAmountsRequest(appointment_id=w.open_visit().appointment_id), names_resource=True
    ),
    "OpenDrawer": Case(
        lambda w: payments_pb2.OpenDrawerRequest(location_id=w.clinic.location, opening_float=usd(5_000)),
        names_resource=True,
    ),
    "CloseDrawer": Case(
        lambda w: payments_pb2.CloseDrawerRequest(drawer_id=w.drawer_id(), counted_cash=usd(0)),
        names_resource=True,
        permissions=("drawer.close_any",),
    ),
    "GetDrawer": Case(lambda w: payments_pb2.GetDrawerRequest(drawer_id=w.drawer_id()), names_resource=True),
    "ListDrawers": Case(lambda w: payments_pb2.ListDrawersRequest()),
    "TakePayment": Case(
        lambda w: payments_pb2.TakePaymentRequest(
            patient_id=w.clinic.patient(),
            location_id=w.clinic.location,
            method=payments_pb2.PAYMENT_METHOD_CARD,
            amount=usd(1_000),
            card_token="pm_case",
        ),
        names_resource=True,
    ),
    "GetPayment": Case(lambda w: payments_pb2.GetPaymentRequest(payment_id=w.check_id()), names_resource=True),
    "ListPayments": Case(lambda w: payments_pb2.ListPaymentsRequest()),
    "RefundPayment": Case(
        lambda w: payments_pb2.RefundPaymentRequest(payment_id=w.check_id(), amount=usd(500), reason="overpaid"),
        names_resource=True,
    ),
    "ReversePayment": Case(
        lambda w: payments_pb2.ReversePaymentRequest(payment_id=w.check_id(), reason="returned unpaid"),
        names_resource=True,
    ),
    "GetReceipt": Case(lambda w: payments_pb2.GetReceiptRequest(payment_id=w.check_id()), names_resource=True),
    "ApplyUnapplied": Case(
        lambda w: payments_pb2.ApplyUnappliedRequest(patient_id=w.clinic.patient()), names_resource=True
    ),
    "ReceiveCardEvent": Case(lambda w: w.card_event()),
    "GetAccount": Case(
        lambda w: ledger_pb2.GetAccountRequest(patient_id=w.signed_visit().patient_id), names_resource=True
    ),
    "ListBalances": Case(lambda w: ledger_pb2.ListBalancesRequest()),
    "GetReceivables": Case(lambda w: ledger_pb2.GetReceivablesRequest()),
    "GetTrialBalance": Case(lambda w: ledger_pb2.GetTrialBalanceRequest()),
    "ListJournals": Case(lambda w: ledger_pb2.ListJournalsRequest()),
    "WriteOff": Case(
        lambda w: ledger_pb2.WriteOffRequest(
            charge_line_id=w.charge_line_id(),
            kind=ledger_pb2.WRITE_OFF_KIND_CHARITY,
            amount=usd(100),
            reason="hardship",
        ),
        names_resource=True,
    ),
    "TransferResponsibility": Case(
        lambda w: ledger_pb2.TransferResponsibilityRequest(
            charge_line_id=w.charge_line_id(), to_payer_code="COMM1", amount=usd(100), reason="coverage found"
        ),
        names_resource=True,
    ),
    "ReverseJournal": Case(
        lambda w: ledger_pb2.ReverseJournalRequest(journal_id=w.journal_id(), reason="keyed twice"),
        names_resource=True,
    ),
    "ReleaseStatementHold": Case(
        lambda w: ledger_pb2.ReleaseStatementHoldRequest(charge_line_id=w.charge_line_id()), names_resource=True
    ),
    "CloseDay": Case(
        lambda w: ledger_pb2.CloseDayRequest(
            location_id=w.clinic.location, business_date=Date(year=2026, month=1, day=2)
        ),
        names_resource=True,
    ),
    "ListDayCloses": Case(lambda w: ledger_pb2.ListDayClosesRequest()),
    "GetDayFigures": Case(lambda w: ledger_pb2.GetDayFiguresRequest(posted_on={"start": w.today(), "end": w.today()})),
    "IssueStatements": Case(lambda w: statements_pb2.IssueStatementsRequest(patient_ids=[w.signed_visit().patient_id])),
    "GetStatement": Case(
        lambda w: statements_pb2.GetStatementRequest(statement_id=w.statement_id()), names_resource=True
    ),
    "GetStatementPdf": Case(
        lambda w: statements_pb2.GetStatementPdfRequest(statement_id=w.statement_id()), names_resource=True
    ),
    "ListStatements": Case(lambda w: statements_pb2.ListStatementsRequest()),
    "PayStatement": Case(
        lambda w: statements_pb2.PayStatementRequest(
            statement_id=w.statement_id(), amount=usd(1_000), card_token="pm_case"
        ),
        names_resource=True,
    ),
}
