"""A payer's demands and routes: protobuf in, domain, protobuf out."""

from __future__ import annotations

from typing import Any

from polyclinic.billing.v1 import payers_pb2 as pb
from polyclinic.types.v1 import types_pb2

from billing.domain.codec import from_json
from billing.domain.payer_demands import PayerDemands
from billing.domain.payer_routes import PayerRoute
from chassis.protos import date_message, money, optional_date, to_date


def demands_of(rule: pb.PayerRules) -> PayerDemands:
    """One period's demands."""
    return PayerDemands(
        requires_enrolment=rule.requires_enrolment,
        requires_referral=rule.requires_referral,
        authorisation_procedures=tuple(rule.authorisation_procedures),
        ndc_procedures=tuple(rule.ndc_procedures),
        late_cancel_fee_minor=rule.late_cancel_fee.minor_units if rule.HasField("late_cancel_fee") else None,
        no_show_fee_minor=rule.no_show_fee.minor_units if rule.HasField("no_show_fee") else None,
        no_replacement_claims=rule.no_replacement_claims,
        no_void_claims=rule.no_void_claims,
        paper_claims=rule.paper_claims,
        status_inquiry_days=rule.status_inquiry_days,
        batch_eligibility=rule.batch_eligibility,
    )


def demand_fields(demands: PayerDemands) -> dict[str, Any]:
    """The demands as fields of PayerRules."""
    return {
        "requires_enrolment": demands.requires_enrolment,
        "requires_referral": demands.requires_referral,
        "authorisation_procedures": demands.authorisation_procedures,
        "ndc_procedures": demands.ndc_procedures,
        "late_cancel_fee": money(demands.late_cancel_fee_minor),
        "no_show_fee": money(demands.no_show_fee_minor),
        "no_replacement_claims": demands.no_replacement_claims,
        "no_void_claims": demands.no_void_claims,
        "paper_claims": demands.paper_claims,
        "status_inquiry_days": demands.status_inquiry_days,
        "batch_eligibility": demands.batch_eligibility,
    }


def route_of(route: pb.PayerRoute, path: str) -> PayerRoute:
    """A payer's ids at one clearinghouse."""
    return PayerRoute(
        clearinghouse=route.clearinghouse,
        start=to_date(route.effective.start, f"{path}.effective.start"),
        end=optional_date(route.effective.end, f"{path}.effective.end"),
        claims_id=route.claims_id,
        eligibility_id=route.eligibility_id,
        filing_indicator=route.filing_indicator,
    )


def route_message(kept: dict[str, Any]) -> pb.PayerRoute:
    """A kept route."""
    route = from_json(PayerRoute, kept)
    return pb.PayerRoute(
        clearinghouse=route.clearinghouse,
        effective=types_pb2.DateRange(start=date_message(route.start), end=date_message(route.end)),
        claims_id=route.claims_id,
        eligibility_id=route.eligibility_id,
        filing_indicator=route.filing_indicator,
    )
