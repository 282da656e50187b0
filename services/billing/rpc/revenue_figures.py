"""Servicer of `RevenueFigures`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from polyclinic.billing.v1 import revenue_figures_pb2 as pb

from billing.domain.revenue_figures import MonthFigures
from billing.usecases import revenue_figures
from chassis.call import Call
from chassis.protos import date_message, money, optional_date, optional_identifier

GROUPS = {
    pb.REVENUE_GROUP_UNSPECIFIED: "none",
    pb.REVENUE_GROUP_NONE: "none",
    pb.REVENUE_GROUP_LOCATION: "location",
    pb.REVENUE_GROUP_PRACTITIONER: "practitioner",
    pb.REVENUE_GROUP_PAYER: "payer",
}


class RevenueFiguresRpc:
    """Key figures by month."""

    def GetRevenueFigures(self, request: pb.GetRevenueFiguresRequest, call: Call) -> pb.GetRevenueFiguresResponse:
        rows = revenue_figures.get_figures(
            call,
            optional_date(request.first_month, "first_month"),
            optional_date(request.last_month, "last_month"),
            GROUPS[request.group_by],
            optional_identifier(request.location_id),
        )
        return pb.GetRevenueFiguresResponse(months=[_month(figures, name) for figures, name in rows])


def _month(figures: MonthFigures, name: str) -> pb.RevenueMonth:
    sums = figures.sums
    return pb.RevenueMonth(
        month=date_message(figures.month),
        key=figures.key,
        key_name=name,
        charges=money(sums.charges_minor),
        payments=money(sums.payments_minor),
        contractual=money(sums.contractual_minor),
        write_offs=money(sums.write_offs_minor),
        receivables=money(figures.receivables_minor),
        days_in_receivables_tenths=figures.days_in_receivables_tenths,
        claims_answered=sums.claims_answered,
        first_pass_paid=sums.first_pass_paid,
        denied=sums.denied,
        first_pass_basis_points=figures.first_pass_basis_points,
        denial_basis_points=figures.denial_basis_points,
        net_collection_basis_points=figures.net_collection_basis_points,
        charge_lag_tenths=figures.charge_lag_tenths,
        visits_signed=sums.visits_signed,
    )
