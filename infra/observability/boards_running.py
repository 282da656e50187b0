"""Boards for who keeps the system running: health at a glance, services, events and due work."""

from __future__ import annotations

from typing import Final

from infra.observability.panels import Board, Panel, Row
from infra.observability.queries import FAULTS, HTTP, OF, RATE, RPC, SERVICE, per_second, quantile
from infra.observability.slos import OBJECTIVES, recorded_name

HEALTH: Final = Board(
    uid="polyclinic-health",
    title="Polyclinic · Health",
    about="One look: are the promises kept, is everybody up, is anything left lying.",
    rows=(
        Row(
            "Promises (error budget used up over 30 days; 1 = all of it)",
            [
                Panel(
                    objective.name.replace("_", " ").capitalize(),
                    [(f"{recorded_name(objective, '30d')} / {1 - objective.target:.4g}", "budget used")],
                    unit="percentunit",
                    kind="stat",
                    about=objective.promise,
                    width=6,
                    height=4,
                    red=1.0,
                )
                for objective in OBJECTIVES
            ],
        ),
        Row(
            "Is everybody up",
            [
                Panel("Ready processes", [("sum by (service_name) (polyclinic_ready)", "{{service_name}}")]),
                Panel(
                    "Requests by status class",
                    [
                        (f'sum(rate({HTTP}_count{{status=~"2.."}}{RATE}))', "2xx"),
                        (f'sum(rate({HTTP}_count{{status=~"4.."}}{RATE}))', "4xx"),
                        (f'sum(rate({HTTP}_count{{status=~"5.."}}{RATE}))', "5xx"),
                    ],
                    unit="reqps",
                    stacked=True,
                ),
                Panel(
                    "Request duration",
                    [(quantile(q, HTTP, "service_name"), f"p{int(float(q) * 100)}") for q in ("0.5", "0.95", "0.99")],
                    unit="s",
                ),
            ],
        ),
        Row(
            "Is anything left lying",
            [
                Panel(
                    "Oldest unpublished event",
                    [("max by (service_name) (polyclinic_outbox_oldest_age_seconds)", "{{service_name}}")],
                    unit="s",
                    red=60,
                ),
                Panel(
                    "Messages that consumers have before them",
                    [("max by (consumer) (polyclinic_consumer_pending)", "{{consumer}}")],
                    red=2000,
                ),
                Panel(
                    "Oldest overdue work",
                    [("max by (service_name) (polyclinic_due_overdue_age_seconds)", "{{service_name}}")],
                    unit="s",
                    red=600,
                ),
                Panel(
                    "Dead letters",
                    [("max by (service_name) (polyclinic_dead_letters_waiting)", "{{service_name}}")],
                    red=1,
                ),
                Panel(
                    "Connected to NATS",
                    [("min by (service_name) (polyclinic_bus_connected)", "{{service_name}}")],
                ),
                Panel(
                    "Faults of outside parties",
                    [
                        (
                            'sum by (party) (rate(polyclinic_outside_duration_seconds_count{outcome!="OK"}'
                            + RATE
                            + "))",
                            "{{party}}",
                        )
                    ],
                    unit="ops",
                ),
            ],
        ),
    ),
)

SERVICES: Final = Board(
    uid="polyclinic-services",
    title="Polyclinic · Services",
    about="Rate, errors and duration of every RPC; how full threads, connections, memory and processors are.",
    variables=(SERVICE,),
    rows=(
        Row(
            "RPCs",
            [
                Panel("Rate", [(per_second(f"{RPC}_count", "rpc", OF), "{{rpc}}")], unit="reqps"),
                Panel(
                    "Faults",
                    [(per_second(f"{RPC}_count", "rpc, outcome", f"{OF}, {FAULTS}"), "{{rpc}} {{outcome}}")],
                    unit="reqps",
                ),
                Panel("Duration p99", [(quantile("0.99", RPC, "rpc", OF), "{{rpc}}")], unit="s"),
                Panel(
                    "Refusals",
                    [
                        (
                            per_second(
                                f"{RPC}_count", "outcome", f'{OF}, outcome!~"OK|INTERNAL|UNAVAILABLE|DEADLINE_EXCEEDED"'
                            ),
                            "{{outcome}}",
                        )
                    ],
                    unit="reqps",
                    about="Answers that are no: a time that is taken, a stale version, a missing permission.",
                ),
                Panel(
                    "Calls to other services, p99",
                    [
                        (
                            quantile("0.99", "rpc_client_duration_seconds", "service_name, rpc", OF),
                            "{{service_name}} → {{rpc}}",
                        )
                    ],
                    unit="s",
                ),
                Panel(
                    "Failed calls to other services",
                    [
                        (
                            per_second(
                                "rpc_client_duration_seconds_count",
                                "service_name, rpc, outcome",
                                f'{OF}, outcome!="OK"',
                            ),
                            "{{service_name}} → {{rpc}} {{outcome}}",
                        )
                    ],
                    unit="reqps",
                ),
            ],
        ),
        Row(
            "Saturation",
            [
                Panel(
                    "Busy threads",
                    [
                        (
                            f"sum by (service_name, pool) (polyclinic_pool_busy{{{OF}}})"
                            f" / sum by (service_name, pool) (polyclinic_pool_threads{{{OF}}})",
                            "{{service_name}} {{pool}}",
                        )
                    ],
                    unit="percentunit",
                    red=0.9,
                ),
                Panel(
                    "Tasks waiting for a thread",
                    [(f"sum by (service_name, pool) (polyclinic_pool_waiting{{{OF}}})", "{{service_name}} {{pool}}")],
                ),
                Panel(
                    "Wait for a thread p95",
                    [
                        (
                            quantile("0.95", "polyclinic_pool_wait_seconds", "service_name, pool", OF),
                            "{{service_name}} {{pool}}",
                        )
                    ],
                    unit="s",
                    red=0.25,
                ),
                Panel(
                    "Database connections in use",
                    [
                        (
                            f"sum by (service_name, pool) (polyclinic_database_connections{{{OF}}})"
                            f" / sum by (service_name, pool) (polyclinic_database_connections_limit{{{OF}}})",
                            "{{service_name}} {{pool}}",
                        )
                    ],
                    unit="percentunit",
                    red=0.9,
                ),
                Panel(
                    "Processor",
                    [
                        (
                            f"sum by (service_name) (rate(process_cpu_time_seconds_total{{{OF}}}{RATE}))",
                            "{{service_name}}",
                        )
                    ],
                    about="Cores in use.",
                    stacked=True,
                ),
                Panel(
                    "Memory",
                    [(f"max by (service_name) (process_memory_usage_bytes{{{OF}}})", "{{service_name}}")],
                    unit="bytes",
                    about="The largest process of each service.",
                ),
            ],
        ),
    ),
)

MESSAGES: Final = Board(
    uid="polyclinic-messages",
    title="Polyclinic · Events and due work",
    about="From the outbox through NATS to the consumers, and what is done when its time comes.",
    variables=(SERVICE,),
    rows=(
        Row(
            "Outbox",
            [
                Panel(
                    "Published",
                    [(per_second("polyclinic_outbox_published_total", "event", OF), "{{event}}")],
                    unit="ops",
                    stacked=True,
                ),
                Panel(
                    "Unpublished",
                    [(f"max by (service_name) (polyclinic_outbox_unpublished{{{OF}}})", "{{service_name}}")],
                ),
                Panel(
                    "From writing to publication",
                    [
                        (
                            quantile("0.99", "polyclinic_outbox_delay_seconds", "service_name", OF),
                            "{{service_name}} p99",
                        )
                    ],
                    unit="s",
                ),
            ],
        ),
        Row(
            "Consumers",
            [
                Panel(
                    "Done",
                    [(per_second("polyclinic_consumer_processed_total", "consumer", OF), "{{consumer}}")],
                    unit="ops",
                ),
                Panel(
                    "Tried again or given up",
                    [
                        (
                            per_second(
                                "polyclinic_consumer_duration_seconds_count",
                                "consumer, outcome",
                                f'{OF}, outcome!="ack"',
                            ),
                            "{{consumer}} {{outcome}}",
                        )
                    ],
                    unit="ops",
                ),
                Panel(
                    "Duration p99",
                    [(quantile("0.99", "polyclinic_consumer_duration_seconds", "consumer", OF), "{{consumer}}")],
                    unit="s",
                ),
                Panel(
                    "Pending", [(f"max by (consumer) (polyclinic_consumer_pending{{{OF}}})", "{{consumer}}")], red=2000
                ),
                Panel(
                    "Given out and not done",
                    [(f"max by (consumer) (polyclinic_consumer_unacknowledged{{{OF}}})", "{{consumer}}")],
                ),
                Panel(
                    "Dead letters written",
                    [(per_second("polyclinic_dead_letters_total", "consumer, source", OF), "{{consumer}} {{source}}")],
                    unit="ops",
                ),
            ],
        ),
        Row(
            "Due work",
            [
                Panel("Done", [(per_second("polyclinic_due_done_total", "kind", OF), "{{kind}}")], unit="ops"),
                Panel(
                    "Lateness p95",
                    [(quantile("0.95", "polyclinic_due_lateness_seconds", "kind", OF), "{{kind}}")],
                    unit="s",
                    about="Business time.",
                ),
                Panel(
                    "Failed attempts",
                    [(per_second("polyclinic_due_failed_total", "kind, error", OF), "{{kind}} {{error}}")],
                    unit="ops",
                ),
                Panel("Overdue", [(f"max by (service_name) (polyclinic_due_overdue{{{OF}}})", "{{service_name}}")]),
                Panel(
                    "Failed at least once",
                    [(f"max by (service_name) (polyclinic_due_retrying{{{OF}}})", "{{service_name}}")],
                ),
            ],
        ),
    ),
)
