"""The books: protobuf in, use case, protobuf out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from polyclinic.billing.v1 import ledger_pb2 as pb

from billing.domain.ledger import NAMES, Account
from billing.domain.receivables import BUCKETS
from billing.store import Store
from billing.store_accounts import AccountRow
from billing.tables_money import DayClose
from billing.usecases import accounts, ledger, receivables, reports
from billing.usecases.reports import Figures, JournalView
from chassis.call import Call
from chassis.protos import date_message, identifier, money, optional_date, optional_identifier, timestamp, to_date

WRITE_OFF_ACCOUNTS = {
    pb.WRITE_OFF_KIND_SMALL_BALANCE: Account.WRITE_OFF_SMALL_BALANCE,
    pb.WRITE_OFF_KIND_COURTESY: Account.WRITE_OFF_COURTESY,
    pb.WRITE_OFF_KIND_CHARITY: Account.WRITE_OFF_CHARITY,
    pb.WRITE_OFF_KIND_BAD_DEBT: Account.WRITE_OFF_BAD_DEBT,
    pb.WRITE_OFF_KIND_TIMELY_FILING: Account.WRITE_OFF_TIMELY_FILING,
    pb.WRITE_OFF_KIND_PROTECTED_PATIENT: Account.WRITE_OFF_PROTECTED,
}
OWING = {pb.ListBalancesRequest.FILTER_OWING: True, pb.ListBalancesRequest.FILTER_CREDIT: False}
TENDERS = {
    "cash": pb.TENDER_KIND_CASH,
    "check": pb.TENDER_KIND_CHECK,
    "card": pb.TENDER_KIND_CARD,
    "agency": pb.TENDER_KIND_AGENCY,
    "other_system": pb.TENDER_KIND_OTHER_SYSTEM,
}
DESCRIPTIONS = {
    "charge": "Service",
    "payer_payment": "Insurance payment",
    "contractual": "Insurance discount",
    "sequestration": "Federal reduction (sequestration)",
    "payer_adjustment": "Insurance adjustment",
    "transfer": "Responsibility moved",
    "patient_payment": "Your payment",
    "write_off": "Written off",
}


class LedgerRpc:
    """RPCs about accounts, journals, figures and closed days."""

    def GetAccount(self, request: pb.GetAccountRequest, call: Call) -> pb.Account:
        store = Store(call.session)
        view = accounts.get_account(call, store, identifier(request.patient_id), request.page_size, request.page_token)
        codes = store.payer_codes()
        return pb.Account(
            patient_id=str(view.patient_id),
            guarantor_id=str(view.guarantor_id),
            lines=[_account_line(row, codes.get(row.payer_id, "") if row.payer_id else "") for row in view.lines],
            with_payers=money(view.with_payers_minor),
            patient_owes=money(view.patient_owes_minor),
            unapplied=money(view.unapplied_minor),
            balance_due=money(view.patient_owes_minor - view.unapplied_minor),
            next_page_token=view.next_page_token,
        )

    def ListBalances(self, request: pb.ListBalancesRequest, call: Call) -> pb.ListBalancesResponse:
        rows, token = accounts.list_balances(
            Store(call.session),
            owing=OWING.get(request.filter),
            page_size=request.page_size,
            page_token=request.page_token,
        )
        found = [
            pb.GuarantorBalance(
                patient_id=str(row.guarantor_id),
                patient_owes=money(row.patient_owes_minor),
                unapplied=money(row.unapplied_minor),
                balance_due=money(row.balance_due_minor),
                with_payers=money(row.with_payers_minor),
            )
            for row in rows
        ]
        return pb.ListBalancesResponse(balances=found, next_page_token=token)

    def GetReceivables(self, request: pb.GetReceivablesRequest, call: Call) -> pb.Receivables:
        aging = receivables.get_receivables(
            call,
            optional_date(request.as_of, "as_of"),
            optional_identifier(request.location_id),
            by_responsibility=request.basis == pb.AGING_BASIS_RESPONSIBILITY,
        )
        return pb.Receivables(
            as_of=date_message(aging.as_of),
            parties=[
                pb.ReceivablesOfParty(payer_code=party, buckets=_buckets(amounts), total=money(sum(amounts)))
                for party, amounts in aging.parties.items()
            ],
            totals=_buckets(aging.totals),
            total=money(sum(aging.totals)),
            unapplied_patient=money(aging.unapplied_patient_minor),
            unapplied_insurance=money(aging.unapplied_insurance_minor),
        )

    def GetTrialBalance(self, request: pb.GetTrialBalanceRequest, call: Call) -> pb.TrialBalance:
        day, lines = reports.trial_balance(
            call, optional_date(request.as_of, "as_of"), optional_identifier(request.location_id)
        )
        return pb.TrialBalance(
            as_of=date_message(day),
            lines=[
                pb.TrialBalanceLine(
                    account=account.value,
                    name=NAMES[account],
                    debits=money(debits),
                    credits=money(credit),
                    balance=money(debits - credit),
                )
                for account, debits, credit in lines
            ],
            total_debits=money(sum(debits for _, debits, _ in lines)),
            total_credits=money(sum(credit for _, _, credit in lines)),
        )

    def ListJournals(self, request: pb.ListJournalsRequest, call: Call) -> pb.ListJournalsResponse:
        rows, token = reports.list_journals(
            call,
            first_day=optional_date(request.posted_on.start, "posted_on.start"),
            last_day=optional_date(request.posted_on.end, "posted_on.end"),
            kind=request.kind,
            patient_id=optional_identifier(request.patient_id),
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return pb.ListJournalsResponse(journals=[journal_message(row) for row in rows], next_page_token=token)

    def WriteOff(self, request: pb.WriteOffRequest, call: Call) -> pb.Journal:
        journal = ledger.write_off(
            call,
            Store(call.session),
            charge_line_id=identifier(request.charge_line_id),
            account=WRITE_OFF_ACCOUNTS[request.kind],
            amount_minor=request.amount.minor_units,
            payer_code=request.payer_code,
            reason=request.reason,
        )
        return journal_message(reports.journal_view(call, journal))

    def TransferResponsibility(self, request: pb.TransferResponsibilityRequest, call: Call) -> pb.Journal:
        journal = ledger.transfer_responsibility(
            call,
            Store(call.session),
            charge_line_id=identifier(request.charge_line_id),
            from_payer_code=request.from_payer_code,
            to_payer_code=request.to_payer_code,
            amount_minor=request.amount.minor_units,
            reason=request.reason,
        )
        return journal_message(reports.journal_view(call, journal))

    def ReverseJournal(self, request: pb.ReverseJournalRequest, call: Call) -> pb.Journal:
        journal_id = identifier(request.journal_id)
        journal = ledger.reverse_journal(call, Store(call.session), journal_id, request.reason)
        return journal_message(reports.journal_view(call, journal))

    def ReleaseStatementHold(
        self, request: pb.ReleaseStatementHoldRequest, call: Call
    ) -> pb.ReleaseStatementHoldResponse:
        line_id = identifier(request.charge_line_id)
        return pb.ReleaseStatementHoldResponse(
            released=receivables.release_for_statement(call, Store(call.session), line_id)
        )

    def CloseDay(self, request: pb.CloseDayRequest, call: Call) -> pb.DayClose:
        day = to_date(request.business_date, "business_date")
        return day_close_message(reports.close_day(call, identifier(request.location_id), day))

    def ListDayCloses(self, request: pb.ListDayClosesRequest, call: Call) -> pb.ListDayClosesResponse:
        location_id = optional_identifier(request.location_id)
        rows, token = reports.list_day_closes(call, location_id, request.page_size, request.page_token)
        return pb.ListDayClosesResponse(day_closes=[day_close_message(row) for row in rows], next_page_token=token)

    def GetDayFigures(self, request: pb.GetDayFiguresRequest, call: Call) -> pb.DayFigures:
        return figures_message(
            reports.get_day_figures(
                call,
                optional_date(request.posted_on.start, "posted_on.start"),
                optional_date(request.posted_on.end, "posted_on.end"),
                optional_identifier(request.location_id),
            )
        )


def _account_line(row: AccountRow, payer_code: str) -> pb.AccountLine:
    text = row.memo if row.kind in ("write_off", "transfer") and row.memo else DESCRIPTIONS.get(row.kind, row.kind)
    reversal = row.reverses_id is not None or row.journal_kind == "payment_reversal"
    return pb.AccountLine(
        journal_id=str(row.journal_id),
        posted_on=date_message(row.posted_on),
        service_date=date_message(row.service_date),
        kind="reversal" if reversal else row.kind,
        description=f"Taken back: {text}" if reversal else text,
        charge_line_id=str(row.charge_line_id or ""),
        payer_code=payer_code,
        amount=money(row.amount_minor),
        balance=money(row.balance_minor),
        patient_amount=money(row.patient_amount_minor),
        patient_balance=money(row.patient_balance_minor),
    )


def _buckets(amounts: Sequence[int]) -> list[pb.AgeBucket]:
    return [
        pb.AgeBucket(from_days=first, to_days=last or 0, amount=money(amount))
        for (first, last), amount in zip(BUCKETS, amounts, strict=True)
    ]


def journal_message(view: JournalView) -> pb.Journal:
    """A journal with its entries as the API shows it."""
    row = view.journal
    return pb.Journal(
        journal_id=str(row.id),
        kind=row.kind,
        posted_on=date_message(row.posted_on),
        posted_at=timestamp(row.posted_at),
        memo=row.memo,
        posted_by=row.posted_by,
        reverses_journal_id=str(row.reverses_id or ""),
        entries=[
            pb.LedgerEntry(
                account=entry.account,
                amount=money(entry.amount_minor),
                patient_id=str(entry.patient_id or ""),
                payer_code=view.payer_codes.get(entry.payer_id, "") if entry.payer_id else "",
                charge_line_id=str(entry.charge_line_id or ""),
                payment_id=str(entry.payment_id or ""),
                claim_id=str(entry.claim_id or ""),
                location_id=str(entry.location_id or ""),
            )
            for entry in view.entries
        ],
    )


def _methods(receipts: Mapping[str, Sequence[int]], insurance_minor: int) -> list[pb.MethodTotal]:
    totals = [
        pb.MethodTotal(method=TENDERS[method], amount=money(amount), count=count)
        for method, (amount, count) in sorted(receipts.items())
    ]
    if insurance_minor:
        totals.append(pb.MethodTotal(method=pb.TENDER_KIND_INSURANCE, amount=money(insurance_minor)))
    return totals


def day_close_message(row: DayClose) -> pb.DayClose:
    """A closed day as the API shows it."""
    totals = row.totals
    return pb.DayClose(
        day_close_id=str(row.id),
        location_id=str(row.location_id),
        business_date=date_message(row.business_date),
        closed_at=timestamp(row.closed_at),
        closed_by=row.closed_by,
        charges=money(totals["charges"]),
        adjustments=money(totals["adjustments"]),
        payments=_methods(totals["receipts"], totals["insurance"]),
        refunds=money(totals["refunds"]),
        over_short=money(totals["over_short"]),
        receivables=money(totals["receivables"]),
        journal_count=totals["journals"],
        missing_charges=totals["missing_charges"],
    )


def figures_message(figures: Figures) -> pb.DayFigures:
    """A period's figures as the API shows them."""
    states, balances = figures.encounters, figures.balances
    patient_payments = sum(amount for amount, _ in figures.receipts.values())
    return pb.DayFigures(
        encounters_expected=states.get("expected", 0),
        encounters_open=states.get("open", 0),
        encounters_signed=states.get("signed", 0),
        encounters_no_charge=states.get("no_charge", 0),
        encounters_cancelled=states.get("cancelled", 0),
        missing_charges=figures.missing_charges,
        charge_lines=figures.charge_lines,
        charges=money(figures.charges_minor),
        insurance_payments=money(figures.insurance_payments_minor),
        patient_payments=money(patient_payments),
        payments=_methods(figures.receipts, figures.insurance_payments_minor),
        refunds=money(figures.refunds_minor),
        contractual_adjustments=money(figures.contractual_minor),
        other_adjustments=money(figures.other_adjustments_minor),
        write_offs=money(figures.write_offs_minor),
        over_short=money(figures.over_short_minor),
        payer_receivables=money(balances.get(Account.PAYER_RECEIVABLE, 0)),
        patient_receivables=money(balances.get(Account.PATIENT_RECEIVABLE, 0)),
        unapplied_patient=money(-balances.get(Account.UNAPPLIED_PATIENT, 0)),
        unapplied_insurance=money(-balances.get(Account.UNAPPLIED_INSURANCE, 0)),
        statements_issued=figures.statements[0],
        statements_amount=money(figures.statements[1]),
        movements=[
            pb.AccountMovement(account=account.value, name=NAMES[account], amount=money(amount))
            for account, amount in sorted(figures.movements.items())
        ],
    )
