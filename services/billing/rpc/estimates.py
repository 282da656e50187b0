"""Servicer of `Estimates`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from google.api import httpbody_pb2
from polyclinic.billing.v1 import estimates_pb2 as pb

from billing.adapters.registry import Registry
from billing.domain.estimates import EstimatedService
from billing.tables_estimates import Estimate, EstimateDelivery
from billing.usecases import estimates, good_faith, owed_estimates
from billing.usecases.claim_reads import payer_codes
from chassis.call import Call
from chassis.protos import date_message, identifier, money, optional_date, optional_identifier, timestamp

KIND_MESSAGES = {
    estimates.INSURED: pb.ESTIMATE_KIND_INSURED,
    estimates.GOOD_FAITH: pb.ESTIMATE_KIND_GOOD_FAITH,
}
METHODS = {
    pb.ESTIMATE_DELIVERY_METHOD_MAIL: "mail",
    pb.ESTIMATE_DELIVERY_METHOD_EMAIL: "email",
    pb.ESTIMATE_DELIVERY_METHOD_PORTAL: "portal",
    pb.ESTIMATE_DELIVERY_METHOD_IN_PERSON: "in_person",
}
METHOD_MESSAGES = {method: number for number, method in METHODS.items()}


class EstimatesRpc:
    """Estimates; the registry is asked for the patient's name and birth date when one is put on paper."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def CreateEstimate(self, request: pb.CreateEstimateRequest, call: Call) -> pb.Estimate:
        asked = estimates.AskEstimate(
            encounter_id=optional_identifier(request.encounter_id),
            patient_id=optional_identifier(request.patient_id),
            location_id=optional_identifier(request.location_id),
            practitioner_id=optional_identifier(request.practitioner_id),
            service_date=optional_date(request.service_date, "service_date"),
            services=tuple(
                estimates.AskedService(one.procedure, tuple(one.modifiers), one.units) for one in request.services
            ),
            diagnoses=tuple(code.replace(".", "") for code in request.diagnoses),
            self_pay=request.self_pay,
            requested=request.requested,
        )
        return _estimate(owed_estimates.create(call, asked), payer_codes(call))

    def GetEstimate(self, request: pb.GetEstimateRequest, call: Call) -> pb.Estimate:
        row = estimates.get_estimate(call, identifier(request.estimate_id))
        return _estimate(row, payer_codes(call), good_faith.deliveries_of(call, row.id))

    def ListEstimates(self, request: pb.ListEstimatesRequest, call: Call) -> pb.ListEstimatesResponse:
        rows, token = estimates.list_estimates(
            call,
            optional_identifier(request.patient_id),
            optional_identifier(request.encounter_id),
            request.page_size,
            request.page_token,
        )
        codes = payer_codes(call)
        return pb.ListEstimatesResponse(estimates=[_estimate(row, codes) for row in rows], next_page_token=token)

    def DeliverEstimate(self, request: pb.DeliverEstimateRequest, call: Call) -> pb.Estimate:
        delivery = good_faith.Delivery(identifier(request.estimate_id), METHODS[request.method], request.recipient)
        row = good_faith.deliver(call, delivery, self._registry)
        return _estimate(row, payer_codes(call), good_faith.deliveries_of(call, row.id))

    def GetEstimatePdf(self, request: pb.GetEstimatePdfRequest, call: Call) -> httpbody_pb2.HttpBody:
        file = good_faith.get_paper(call, identifier(request.estimate_id))
        return httpbody_pb2.HttpBody(content_type=file.content_type, data=file.read())

    def GetOwedEstimates(self, request: pb.GetOwedEstimatesRequest, call: Call) -> pb.GetOwedEstimatesResponse:
        return pb.GetOwedEstimatesResponse(
            owed=[
                pb.OwedEstimate(
                    encounter_id=str(one.encounter.id),
                    patient_id=str(one.encounter.patient_id),
                    location_id=str(one.encounter.location_id),
                    service_date=date_message(one.encounter.service_date),
                    due_on=date_message(one.due_on),
                    overdue=one.overdue,
                    estimate_id=str(one.estimate_id or ""),
                )
                for one in good_faith.owed(call)
            ]
        )


def _estimate(
    row: Estimate, code_of: Callable[[UUID | None], str], deliveries: Sequence[EstimateDelivery] = ()
) -> pb.Estimate:
    return pb.Estimate(
        estimate_id=str(row.id),
        kind=KIND_MESSAGES[row.kind],
        patient_id=str(row.patient_id),
        encounter_id=str(row.encounter_id or ""),
        payer_code=code_of(row.payer_id),
        service_date=date_message(row.service_date),
        asked_on=date_message(row.asked_on),
        due_on=date_message(row.due_on),
        services=[_service(service) for service in estimates.services_of(row)],
        charge=money(row.charge_minor),
        patient=money(row.patient_minor),
        basis=row.basis,
        created_at=timestamp(row.created_at),
        delivered_at=timestamp(row.delivered_at),
        superseded=row.superseded,
        deliveries=[
            pb.EstimateDelivery(
                method=METHOD_MESSAGES[one.method],
                recipient=one.recipient,
                delivered_at=timestamp(one.delivered_at),
                delivered_by=one.delivered_by,
                sha256=one.sha256,
            )
            for one in deliveries
        ],
        billed=money(row.billed_minor),
        version=row.version,
    )


def _service(service: EstimatedService) -> pb.EstimatedService:
    return pb.EstimatedService(
        procedure=service.procedure,
        modifiers=service.modifiers,
        units=service.units,
        charge=money(service.charge_minor),
        expected=money(service.expected_minor),
        patient=money(service.patient_minor),
        copay=money(service.copay_minor),
        deductible=money(service.deductible_minor),
        coinsurance=money(service.coinsurance_minor),
    )
