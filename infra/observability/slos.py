"""Service level objectives: what is promised, measured how, and the rules that say when the promise is being broken.

Burn-rate alerts over two windows each, after the Site Reliability Workbook, chapter 5: an alert needs a long window (it
matters) and a short one (it still goes on). A burn rate of 1 uses the error budget up in exactly thirty days.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

RUNBOOK: Final = "docs/guides/observing.md"
GOOD_REQUEST: Final = 'status!~"5.."'


@dataclass(frozen=True)
class Window:
    """Alert when both windows burn at `rate` or faster."""

    long: str
    short: str
    rate: float
    severity: str
    hold: str


# Requests: pages after two minutes of an outage, a ticket when a tenth of the budget goes in three days.
REQUEST_WINDOWS: Final = (
    Window("1h", "5m", 14.4, "page", "2m"),
    Window("6h", "30m", 6.0, "page", "5m"),
    Window("1d", "2h", 3.0, "ticket", "15m"),
    Window("3d", "6h", 1.0, "ticket", "1h"),
)
# Reminders and claims come in daily waves: hours without any are no news, and one wave is a quarter of nothing.
BATCH_WINDOWS: Final = (
    Window("1d", "2h", 6.0, "page", "15m"),
    Window("3d", "6h", 2.0, "ticket", "1h"),
)


@dataclass(frozen=True)
class Objective:
    """A promise: `good` of `total` (both PromQL with WINDOW for the range), at least `target` of them over 30 days."""

    name: str
    promise: str
    target: float
    good: str
    total: str
    windows: tuple[Window, ...]

    @property
    def alert(self) -> str:
        """The first part of its alerts' names."""
        return "".join(part.capitalize() for part in self.name.split("_"))

    def error_ratio(self, window: str) -> str:
        """The part that was not good in a window; no value when there was nothing, 1 when nothing was ever good."""
        good, total = (expression.replace("WINDOW", window) for expression in (self.good, self.total))
        return f"1 - ({good} or vector(0)) / ({total} > 0)"


def requests_within(name: str, promise: str, target: float, route: str, seconds: str) -> Objective:
    """Requests to a route of the gateway that are answered without a fault of ours within `seconds` (a bucket's limit)."""
    of = f'http_route="{route}",http_request_method="POST"'
    metric = "http_server_request_duration_seconds"
    good = f'sum(rate({metric}_bucket{{{of},{GOOD_REQUEST},le="{seconds}"}}[WINDOW]))'
    return Objective(name, promise, target, good, f"sum(rate({metric}_count{{{of}}}[WINDOW]))", REQUEST_WINDOWS)


def done_within(name: str, promise: str, target: float, metric: str, seconds: str) -> Objective:
    """Work that was done within `seconds` (a bucket's limit) of when it should have been."""
    # Prometheus 3 writes whole limits as "300.0", earlier ones as "300".
    good = f'sum(increase({metric}_bucket{{le=~"{seconds}(.0)?"}}[WINDOW]))'
    return Objective(name, promise, target, good, f"sum(increase({metric}_count[WINDOW]))", BATCH_WINDOWS)


OBJECTIVES: Final = (
    requests_within(
        "booking", "99.5 % of bookings are answered within half a second", 0.995, "/api/v1/appointments", "0.5"
    ),
    requests_within(
        "search",
        "99 % of searches for free times are answered within half a second",
        0.99,
        "/api/v1/slots:search",
        "0.5",
    ),
    done_within(
        "claim_turnaround",
        "95 % of claims are at the clearinghouse 36 hours after they were written",
        0.95,
        "polyclinic_claim_filing_seconds",
        "129600",
    ),
    done_within(
        "reminder_punctuality",
        "99 % of reminders leave within five minutes of their time",
        0.99,
        "polyclinic_reminder_lateness_seconds",
        "300",
    ),
)


def rules() -> dict[str, Any]:
    """The Prometheus rule file: error ratios recorded per window, and the alerts on them."""
    return {"groups": [group for objective in OBJECTIVES for group in (_recorded(objective), _alerts(objective))]}


def recorded_name(objective: Objective, window: str) -> str:
    """The recorded series of an objective's error ratio."""
    return f"slo:{objective.name}:error_ratio_{window}"


def _recorded(objective: Objective) -> dict[str, Any]:
    windows = dict.fromkeys(name for window in objective.windows for name in (window.short, window.long))
    return {
        "name": f"slo-{objective.name}",
        "interval": "1m",
        "rules": [
            {"record": recorded_name(objective, window), "expr": objective.error_ratio(window)}
            for window in (*windows, "30d")
        ],
    }


def _alerts(objective: Objective) -> dict[str, Any]:
    return {
        "name": f"slo-{objective.name}-alerts",
        "rules": [_alert(objective, window) for window in objective.windows],
    }


def _alert(objective: Objective, window: Window) -> dict[str, Any]:
    limit = f"{window.rate:g} * {1 - objective.target:.4g}"
    both = (f"{recorded_name(objective, name)} > {limit}" for name in (window.long, window.short))
    return {
        "alert": f"{objective.alert}BudgetBurns",
        "expr": " and ".join(both),
        "for": window.hold,
        "labels": {"severity": window.severity, "slo": objective.name, "window": window.long},
        "annotations": {
            "summary": f"{objective.promise}: the error budget burns {window.rate:g} times too fast",
            "description": "{{ $value | humanizePercentage }} failed over " + window.long + ".",
            "runbook_url": f"{RUNBOOK}#{objective.alert.lower()}budgetburns",
        },
    }
