"""The risk that nobody comes."""

from __future__ import annotations

from polyclinic.scheduling.v1 import no_show_risk_pb2 as pb

from chassis.call import Call
from chassis.protos import identifier, optional_date, timestamp, to_date
from scheduling.domain.cells import instant_at
from scheduling.domain.no_show import FEATURES, FEWEST_NO_SHOWS, FEWEST_VISITS
from scheduling.tables_day import RiskModel
from scheduling.usecases import risk

FIGURES = (
    "visits",
    "no_show_rate",
    "judged_on",
    "brier",
    "brier_of_base_rate",
    "area_under_curve",
    "advance_judged_on",
    "advance_brier",
    "advance_brier_of_base_rate",
    "advance_area_under_curve",
)


class NoShowRiskRpc:
    """Every RPC of polyclinic.scheduling.v1.NoShowRisk."""

    def GetNoShowModel(self, _request: pb.GetNoShowModelRequest, call: Call) -> pb.NoShowModel:
        return _model(risk.get_model(call))

    def TrainNoShowModel(self, _request: pb.TrainNoShowModelRequest, call: Call) -> pb.NoShowModel:
        return _model(risk.train_soon(call))

    def GetOutreachList(self, request: pb.GetOutreachListRequest, call: Call) -> pb.OutreachList:
        found, kind = risk.outreach(
            call, identifier(request.location_id), optional_date(request.date), request.at_least
        )
        return pb.OutreachList(
            visits=[
                pb.VisitRisk(
                    appointment_id=str(one.view.row.id),
                    patient_id=str(one.view.row.patient_id),
                    patient_name=one.view.patient_name,
                    start_time=timestamp(one.view.row.start_time),
                    risk=one.risk,
                    reasons=one.reasons,
                    confirmed=risk.confirmed(one.view.row),
                )
                for one in found
            ],
            model_kind=kind,
        )

    def GetOverbookingAdvice(self, request: pb.GetOverbookingAdviceRequest, call: Call) -> pb.OverbookingAdvice:
        found, kind = risk.advice(call, identifier(request.location_id), optional_date(request.date))
        return pb.OverbookingAdvice(
            sessions=[
                pb.SessionAdvice(
                    practitioner_id=str(one.practitioner_id),
                    start_time=timestamp(instant_at(one.span.first)),
                    end_time=timestamp(instant_at(one.span.end)),
                    visits=one.visits,
                    expected_no_shows=one.expected,
                    cap=one.cap,
                    overbooked=one.overbooked,
                    advised=one.advised,
                )
                for one in found
            ],
            model_kind=kind,
        )

    def ReportFairness(self, request: pb.ReportFairnessRequest, call: Call) -> pb.FairnessReport:
        groups = {group.name: [identifier(one) for one in group.patient_ids] for group in request.groups}
        found, calibration, overbooked, kind = risk.fairness(
            call, to_date(request.start, "start"), to_date(request.end, "end"), groups
        )
        call.touch(*(patient for patients in groups.values() for patient in patients))
        return pb.FairnessReport(
            groups=[
                pb.GroupFairness(
                    group=one.name,
                    visits=one.visits,
                    no_show_rate=one.no_show_rate,
                    average_risk=one.average_risk,
                    brier=one.brier,
                    overbooked_share=one.overbooked_share,
                    average_wait_minutes=one.average_wait,
                )
                for one in found
            ],
            calibration_gap=calibration,
            overbooked_gap=overbooked,
            model_kind=kind,
        )


def _model(row: RiskModel | None) -> pb.NoShowModel:
    if row is None:
        return pb.NoShowModel(kind="base_rate", note="nothing has been learned yet")
    return pb.NoShowModel(
        kind=row.kind,
        note=_note(row),
        trained_at=timestamp(row.trained_at),
        base_rate=row.body["base_rate"],
        calibration=[pb.CalibrationBin(**one) for one in row.figures.get("calibration", [])],
        weights=[
            pb.FeatureWeight(feature=name, weight=weight)
            for name, weight in zip(FEATURES, row.body.get("weights", []), strict=False)
        ],
        **{name: row.figures[name] for name in FIGURES if name in row.figures},
    )


def _note(row: RiskModel) -> str:
    if row.kind != "base_rate":
        return ""
    if "brier" in row.figures:
        return "no model was better than the base rate on visits it had not seen"
    return f"too little history: at least {FEWEST_VISITS} visits and {FEWEST_NO_SHOWS} no-shows are needed"
