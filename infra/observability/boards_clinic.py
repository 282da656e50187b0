"""The board of what the house is for: visits, people reached, claims and money, outside parties."""

from __future__ import annotations

from typing import Final

from infra.observability.panels import Board, Panel, Row
from infra.observability.queries import HTTP, RATE, in_range, per_second, quantile

BUSINESS: Final = Board(
    uid="polyclinic-business",
    title="Polyclinic · The clinics' day",
    about="What the house is for: visits booked and lived, people reminded, claims sent and answered, money.",
    rows=(
        Row(
            "Visits",
            [
                Panel("Booked, by whom", [(in_range("polyclinic_bookings_total", "by"), "{{by}}")], kind="bargauge"),
                Panel(
                    "Steps of the flow",
                    [(in_range("polyclinic_visit_steps_total", "step"), "{{step}}")],
                    kind="bargauge",
                ),
                Panel(
                    "Wait from arrival to a room",
                    [
                        (quantile(q, "polyclinic_visit_wait_seconds", "service_name"), f"p{int(float(q) * 100)}")
                        for q in ("0.5", "0.9")
                    ],
                    unit="s",
                ),
                Panel(
                    "Bookings", [(per_second("polyclinic_bookings_total", "by"), "{{by}}")], unit="ops", stacked=True
                ),
                Panel(
                    "Video visits closed",
                    [(in_range("polyclinic_video_sessions_total", "status"), "{{status}}")],
                    kind="bargauge",
                ),
                Panel(
                    "Time shared on video, median",
                    [(quantile("0.5", "polyclinic_video_together_seconds", "service_name"), "p50")],
                    unit="s",
                ),
            ],
        ),
        Row(
            "Reaching people",
            [
                Panel(
                    "Reminders sent",
                    [(in_range("polyclinic_reminders_sent_total", "channel"), "{{channel}}")],
                    kind="bargauge",
                ),
                Panel(
                    "Messages, by what became of them",
                    [(in_range("polyclinic_messages_total", "channel, status"), "{{channel}} {{status}}")],
                    kind="bargauge",
                ),
                Panel(
                    "Reminders' lateness p99",
                    [(quantile("0.99", "polyclinic_reminder_lateness_seconds", "channel"), "{{channel}}")],
                    unit="s",
                    red=300,
                ),
            ],
        ),
        Row(
            "Claims and money",
            [
                Panel(
                    "Claims sent",
                    [
                        (in_range("polyclinic_claims_sent_total"), "claims"),
                        (in_range("polyclinic_claims_files_total"), "files"),
                    ],
                    kind="stat",
                ),
                Panel(
                    "Payers' answers",
                    [(in_range("polyclinic_claims_answered_total", "outcome"), "{{outcome}}")],
                    kind="bargauge",
                ),
                Panel("Remittances posted", [(in_range("polyclinic_remittances_posted_total"), "sets")], kind="stat"),
                Panel(
                    "From writing a claim to sending it, p95",
                    [(quantile("0.95", "polyclinic_claim_filing_seconds", "service_name"), "p95")],
                    unit="s",
                ),
                Panel(
                    "From sending a claim to the answer",
                    [
                        (quantile(q, "polyclinic_claim_answer_seconds", "service_name"), f"p{int(float(q) * 100)}")
                        for q in ("0.5", "0.95")
                    ],
                    unit="s",
                ),
                Panel(
                    "Charged and paid by payers",
                    [
                        (in_range("polyclinic_claims_charged_total") + " / 100", "charged"),
                        (in_range("polyclinic_remittances_paid_total") + " / 100", "paid"),
                    ],
                    unit="currencyUSD",
                    kind="stat",
                ),
                Panel(
                    "Eligibility checks",
                    [(in_range("polyclinic_eligibility_checks_total", "outcome"), "{{outcome}}")],
                    kind="bargauge",
                ),
                Panel(
                    "Patients' payments",
                    [(in_range("polyclinic_payments_received_total", "method"), "{{method}}")],
                    kind="bargauge",
                ),
                Panel(
                    "Statements issued", [(in_range("polyclinic_statements_issued_total"), "statements")], kind="stat"
                ),
            ],
        ),
        Row(
            "Outside parties",
            [
                Panel(
                    "Calls",
                    [
                        (
                            per_second("polyclinic_outside_duration_seconds_count", "party, operation"),
                            "{{party}} {{operation}}",
                        )
                    ],
                    unit="ops",
                ),
                Panel(
                    "Failures",
                    [
                        (
                            per_second("polyclinic_outside_duration_seconds_count", "party, outcome", 'outcome!="OK"'),
                            "{{party}} {{outcome}}",
                        )
                    ],
                    unit="ops",
                ),
                Panel(
                    "Duration p95",
                    [(quantile("0.95", "polyclinic_outside_duration_seconds", "party"), "{{party}}")],
                    unit="s",
                ),
            ],
        ),
        Row(
            "The door",
            [
                Panel(
                    "Requests by route",
                    [(f"topk(12, sum by (http_route) (rate({HTTP}_count{RATE})))", "{{http_route}}")],
                    unit="reqps",
                    width=12,
                ),
                Panel("Open event streams", [("sum(polyclinic_gateway_streams)", "streams")], width=12),
            ],
        ),
    ),
)
