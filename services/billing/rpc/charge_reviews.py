"""Servicer of `ChargeReviews`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from collections.abc import Sequence

from polyclinic.billing.v1 import charge_reviews_pb2 as pb

from billing.domain.charge_reviews import Asks
from billing.domain.charges import dotted_diagnosis, plain_diagnosis
from billing.domain.codec import from_json
from billing.rpc.encounters import encounter_message
from billing.rpc.payers import period
from billing.tables_charge_capture import ReviewRule
from billing.usecases import charge_reviews
from billing.usecases.charge_reviews import PutRule, ReviewView
from billing.usecases.patient_names import patient_names
from chassis.call import Call
from chassis.protos import (
    date_message,
    identifier,
    money,
    optional_date,
    optional_identifier,
    timestamp,
    to_date,
)

STATES = {
    pb.CHARGE_REVIEW_STATE_WAITING: "waiting",
    pb.CHARGE_REVIEW_STATE_APPROVED: "approved",
    pb.CHARGE_REVIEW_STATE_RETURNED: "returned",
}
STATE_MESSAGES = {state: number for number, state in STATES.items()}


class ChargeReviewsRpc:
    """Rules, queue, decisions."""

    def PutReviewRule(self, request: pb.PutReviewRuleRequest, call: Call) -> pb.ReviewRule:
        command = PutRule(
            rule_id=optional_identifier(request.review_rule_id),
            name=request.name,
            start=to_date(request.effective.start, "effective.start"),
            end=optional_date(request.effective.end, "effective.end"),
            asks=_asks(request),
            version=request.version,
        )
        return _rule(charge_reviews.put_rule(call, command))

    def ListReviewRules(self, request: pb.ListReviewRulesRequest, call: Call) -> pb.ListReviewRulesResponse:
        rows, token = charge_reviews.list_rules(call, request.page_size, request.page_token)
        return pb.ListReviewRulesResponse(rules=[_rule(row) for row in rows], next_page_token=token)

    def ListChargeReviews(self, request: pb.ListChargeReviewsRequest, call: Call) -> pb.ListChargeReviewsResponse:
        views, token = charge_reviews.list_reviews(
            call,
            state=STATES.get(request.state, "waiting"),
            practitioner_id=optional_identifier(request.practitioner_id),
            location_id=optional_identifier(request.location_id),
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return pb.ListChargeReviewsResponse(reviews=_reviews(call, views), next_page_token=token)

    def GetChargeReview(self, request: pb.GetChargeReviewRequest, call: Call) -> pb.ChargeReview:
        return _reviews(call, [charge_reviews.get_review(call, identifier(request.charge_review_id))])[0]

    def ApproveCharges(self, request: pb.ApproveChargesRequest, call: Call) -> pb.ChargeReview:
        review_id = identifier(request.charge_review_id)
        return _reviews(call, [charge_reviews.approve(call, review_id, request.note, request.version)])[0]

    def ReturnCharges(self, request: pb.ReturnChargesRequest, call: Call) -> pb.ChargeReview:
        review_id = identifier(request.charge_review_id)
        return _reviews(call, [charge_reviews.give_back(call, review_id, request.reason, request.version)])[0]


def _asks(request: pb.PutReviewRuleRequest) -> Asks:
    return Asks(
        practitioner_ids=tuple(identifier(one) for one in request.practitioner_ids),
        location_ids=tuple(identifier(one) for one in request.location_ids),
        appointment_type_codes=tuple(request.appointment_type_codes),
        payer_codes=tuple(request.payer_codes),
        procedures=tuple(request.procedures),
        modifiers=tuple(request.modifiers),
        diagnoses=tuple(plain_diagnosis(one) for one in request.diagnoses),
        charge_from_minor=request.charge_from.minor_units if request.HasField("charge_from") else None,
        sample_percent=request.sample_percent,
    )


def _rule(row: ReviewRule) -> pb.ReviewRule:
    asks = from_json(Asks, row.asks)
    return pb.ReviewRule(
        review_rule_id=str(row.id),
        name=row.name,
        effective=period(row.start_date, row.end_date),
        practitioner_ids=[str(one) for one in asks.practitioner_ids],
        location_ids=[str(one) for one in asks.location_ids],
        appointment_type_codes=asks.appointment_type_codes,
        payer_codes=asks.payer_codes,
        procedures=asks.procedures,
        modifiers=asks.modifiers,
        diagnoses=[dotted_diagnosis(one) for one in asks.diagnoses],
        charge_from=money(asks.charge_from_minor),
        sample_percent=asks.sample_percent,
        version=row.version,
    )


def _reviews(call: Call, views: Sequence[ReviewView]) -> list[pb.ChargeReview]:
    names = patient_names(call, [view.review.patient_id for view in views])
    return [_review(view, names.get(view.review.patient_id, "")) for view in views]


def _review(view: ReviewView, name: str) -> pb.ChargeReview:
    row = view.review
    return pb.ChargeReview(
        charge_review_id=str(row.id),
        encounter_id=str(row.encounter_id),
        patient_id=str(row.patient_id),
        patient_name=name,
        practitioner_id=str(row.practitioner_id),
        location_id=str(row.location_id),
        service_date=date_message(row.service_date),
        state=STATE_MESSAGES[row.state],
        rules=row.rules,
        charge=money(row.charge_minor),
        opened_at=timestamp(row.opened_at),
        signed_by=row.signed_by,
        decided_at=timestamp(row.decided_at),
        decided_by=row.decided_by,
        note=row.note,
        encounter=encounter_message(view.encounter) if view.encounter else None,
        version=row.version,
    )
