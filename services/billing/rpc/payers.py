"""Payers and prices: protobuf in, use case, protobuf out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from polyclinic.billing.v1 import payers_pb2 as pb
from polyclinic.types.v1 import types_pb2

from billing.domain.fee_files import read_fees
from billing.domain.fees import FeeScheduleKind
from billing.domain.payers import ClaimProvider, PayerKind, PayerRules, TelehealthTable
from billing.rpc.payer_details import demand_fields, demands_of, route_message, route_of
from billing.store import Store
from billing.tables_directory import Fee, FeeSchedule, Payer
from billing.usecases import fee_schedules, payers
from chassis.call import Call
from chassis.csv_files import error_file
from chassis.protos import date_message, identifier, money, optional_date, optional_identifier, to_date

KINDS = {
    pb.PAYER_KIND_MEDICARE_B: PayerKind.MEDICARE_B,
    pb.PAYER_KIND_MEDICAID: PayerKind.MEDICAID,
    pb.PAYER_KIND_COMMERCIAL: PayerKind.COMMERCIAL,
    pb.PAYER_KIND_SELF_PAY: PayerKind.SELF_PAY,
    pb.PAYER_KIND_EMPLOYER: PayerKind.EMPLOYER,
}
KIND_MESSAGES = {kind.value: number for number, kind in KINDS.items()}
PROVIDERS = {
    pb.CLAIM_PROVIDER_RENDERING: ClaimProvider.RENDERING,
    pb.CLAIM_PROVIDER_SUPERVISING: ClaimProvider.SUPERVISING,
}
PROVIDER_MESSAGES = {provider: number for number, provider in PROVIDERS.items()}
LISTS = {
    pb.FEE_SCHEDULE_KIND_CHARGE_MASTER: FeeScheduleKind.CHARGE_MASTER,
    pb.FEE_SCHEDULE_KIND_CONTRACT: FeeScheduleKind.CONTRACT,
}
LIST_MESSAGES = {kind.value: number for number, kind in LISTS.items()}


class PayersRpc:
    """RPCs about payers and price lists."""

    def PutPayer(self, request: pb.PutPayerRequest, call: Call) -> pb.Payer:
        command = payers.PutPayer(
            code=request.code,
            name=request.name,
            kind=KINDS[request.kind],
            x12_payer_id=request.x12_payer_id,
            filing_indicator=request.filing_indicator,
            routes=tuple(route_of(route, f"routes[{index}]") for index, route in enumerate(request.routes)),
            rules=tuple(_rules(rule, f"rules[{index}]") for index, rule in enumerate(request.rules)),
            active_from=to_date(request.active_from, "active_from"),
            active_to=optional_date(request.active_to, "active_to"),
            version=request.version,
        )
        return _payer(*payers.put_payer(call, command))

    def GetPayer(self, request: pb.GetPayerRequest, call: Call) -> pb.Payer:
        return _payer(*payers.get_payer(call, request.code))

    def ListPayers(self, request: pb.ListPayersRequest, call: Call) -> pb.ListPayersResponse:
        active_on = optional_date(request.active_on, "active_on")
        rows, token = payers.list_payers(call, active_on, request.page_size, request.page_token)
        return pb.ListPayersResponse(payers=[_payer(*row) for row in rows], next_page_token=token)

    def PutFeeSchedule(self, request: pb.PutFeeScheduleRequest, call: Call) -> pb.FeeSchedule:
        command = fee_schedules.PutFeeSchedule(
            code=request.code,
            name=request.name,
            kind=LISTS[request.kind],
            payer_code=request.payer_code,
            location_id=optional_identifier(request.location_id, "location_id"),
            start=to_date(request.effective_from, "effective_from"),
            prices=tuple((fee.procedure, fee.modifier, fee.amount.minor_units) for fee in request.fees),
        )
        schedule = fee_schedules.put_fee_schedule(call, command)
        return _fee_schedule(schedule, Store(call.session).payer_codes(), [])

    def ImportFeeSchedule(self, request: pb.ImportFeeScheduleRequest, call: Call) -> pb.ImportFeeScheduleResponse:
        file = read_fees(request.content)
        command = fee_schedules.PutFeeSchedule(
            code=request.code,
            name=request.name,
            kind=LISTS[request.kind],
            payer_code=request.payer_code,
            location_id=optional_identifier(request.location_id, "location_id"),
            start=to_date(request.effective_from, "effective_from"),
            prices=file.prices,
        )
        schedule, compared = fee_schedules.import_fee_schedule(call, command, file, dry_run=request.dry_run)
        codes = Store(call.session).payer_codes()
        return pb.ImportFeeScheduleResponse(
            fee_schedule=None if schedule is None else _fee_schedule(schedule, codes, []),
            fees=len(file.prices),
            added=compared.added,
            changed=compared.changed,
            removed=compared.removed,
            bad_rows=[pb.BadFeeRow(line=row.line, problem=row.problem) for row in file.bad[: fee_schedules.MOST_TOLD]],
            bad_row_count=len(file.bad),
            error_file=error_file(file.heading, file.bad).encode() if file.bad else b"",
        )

    def GetFeeSchedule(self, request: pb.GetFeeScheduleRequest, call: Call) -> pb.FeeSchedule:
        schedule, fees = fee_schedules.get_fee_schedule(call, identifier(request.fee_schedule_id))
        return _fee_schedule(schedule, Store(call.session).payer_codes(), fees)

    def ListFeeSchedules(self, request: pb.ListFeeSchedulesRequest, call: Call) -> pb.ListFeeSchedulesResponse:
        rows, token = fee_schedules.list_fee_schedules(call, request.code, request.page_size, request.page_token)
        codes = Store(call.session).payer_codes()
        return pb.ListFeeSchedulesResponse(
            fee_schedules=[_fee_schedule(row, codes, []) for row in rows], next_page_token=token
        )

    def LookUpPrice(self, request: pb.LookUpPriceRequest, call: Call) -> pb.LookUpPriceResponse:
        charge, allowed = fee_schedules.look_up_price(
            call,
            procedure=request.procedure,
            modifiers=list(request.modifiers),
            location_id=identifier(request.location_id),
            service_date=to_date(request.service_date, "service_date"),
            payer_code=request.payer_code,
        )
        return pb.LookUpPriceResponse(charge=money(charge), allowed=money(allowed))


def _rules(rule: pb.PayerRules, path: str) -> PayerRules:
    return PayerRules(
        start=to_date(rule.effective.start, f"{path}.effective.start"),
        end=optional_date(rule.effective.end, f"{path}.effective.end"),
        timely_filing_days=rule.timely_filing_days,
        corrected_filing_days=rule.corrected_filing_days,
        silence_alarm_days=rule.silence_alarm_days,
        claim_provider=PROVIDERS[rule.claim_provider],
        crosses_over=rule.crosses_over,
        sequestration=rule.sequestration,
        eligibility=rule.takes_eligibility_requests,
        telehealth=TelehealthTable(
            video_modifier=rule.video_modifier,
            audio_modifier=rule.audio_modifier,
            home_place=rule.telehealth_home_place or "10",
            other_place=rule.telehealth_other_place or "02",
        ),
        demands=demands_of(rule),
    )


def period(start: date | None, end: date | None) -> types_pb2.DateRange:
    """A range of days; an open end is unset."""
    return types_pb2.DateRange(start=date_message(start), end=date_message(end))


def _payer(row: Payer, rules: Sequence[PayerRules]) -> pb.Payer:
    return pb.Payer(
        payer_id=str(row.id),
        code=row.code,
        name=row.name,
        kind=KIND_MESSAGES[row.kind],
        x12_payer_id=row.x12_payer_id,
        filing_indicator=row.filing_indicator,
        rules=[
            pb.PayerRules(
                effective=period(rule.start, rule.end),
                timely_filing_days=rule.timely_filing_days,
                corrected_filing_days=rule.corrected_filing_days,
                claim_provider=PROVIDER_MESSAGES[rule.claim_provider],
                crosses_over=rule.crosses_over,
                sequestration=rule.sequestration,
                takes_eligibility_requests=rule.eligibility,
                video_modifier=rule.telehealth.video_modifier,
                audio_modifier=rule.telehealth.audio_modifier,
                telehealth_home_place=rule.telehealth.home_place,
                telehealth_other_place=rule.telehealth.other_place,
                silence_alarm_days=rule.silence_alarm_days,
                **demand_fields(rule.demands),
            )
            for rule in rules
        ],
        routes=[route_message(route) for route in row.routes],
        active_from=date_message(row.active_from),
        active_to=date_message(row.active_to),
        version=row.version,
    )


def _fee_schedule(row: FeeSchedule, payer_codes: Mapping[UUID, str], fees: Sequence[Fee]) -> pb.FeeSchedule:
    return pb.FeeSchedule(
        fee_schedule_id=str(row.id),
        code=row.code,
        name=row.name,
        kind=LIST_MESSAGES[row.kind],
        payer_code=payer_codes[row.payer_id] if row.payer_id else "",
        location_id=str(row.location_id) if row.location_id else "",
        effective=period(row.start_date, row.end_date),
        fees=[pb.Fee(procedure=fee.procedure, modifier=fee.modifier, amount=money(fee.amount_minor)) for fee in fees],
        version=row.version,
    )
