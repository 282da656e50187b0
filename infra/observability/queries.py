"""The shapes of query that most panels ask: a rate, a quantile, what happened within the shown range."""

from __future__ import annotations

from typing import Final

HTTP: Final = "http_server_request_duration_seconds"
RPC: Final = "rpc_server_duration_seconds"
RATE: Final = "[$__rate_interval]"
OF: Final = 'service_name=~"$service"'
# Outcomes that are faults of ours; every other one is an answer.
FAULTS: Final = 'outcome=~"INTERNAL|UNAVAILABLE|DEADLINE_EXCEEDED"'
SERVICE: Final = ("service", "Service", "label_values(polyclinic_ready, service_name)")


def quantile(part: str, metric: str, by: str, matching: str = "") -> str:
    """A quantile of a histogram (`part` of "0.5", "0.95", …), by labels."""
    return f"histogram_quantile({part}, sum by ({by}, le) (rate({metric}_bucket{{{matching}}}{RATE})))"


def per_second(metric: str, by: str, matching: str = "") -> str:
    """A counter's rate, by labels."""
    return f"sum by ({by}) (rate({metric}{{{matching}}}{RATE}))"


def in_range(metric: str, by: str = "", matching: str = "") -> str:
    """How much a counter has grown within the shown range, by labels."""
    grouped = f"sum by ({by})" if by else "sum"
    return f"{grouped} (increase({metric}{{{matching}}}[$__range]))"
