"""Reads PromQL: which series an expression asks for, with which labels and buckets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import promql_parser

# What Grafana fills in.
FILLED_IN = {"$__rate_interval": "5m", "$__range": "6h", "$service": ".*"}


@dataclass(frozen=True)
class Selector:
    """One series that is asked for: its name and the (label, operator, value) it is matched by."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]


def parse(expression: str) -> promql_parser.Expr:
    """The expression's tree. Raises ValueError when Prometheus would not take it."""
    for variable, value in FILLED_IN.items():
        expression = expression.replace(variable, value)
    return promql_parser.parse(expression)


def nodes(expression: str) -> Iterator[promql_parser.Expr]:
    """Every node of the tree."""
    found: list[promql_parser.Expr] = []
    promql_parser.walk(parse(expression), lambda node: found.append(node))
    yield from found


def selectors(expression: str) -> list[Selector]:
    """Every series that the expression asks for."""
    return [
        Selector(node.name or "", tuple((each.name, str(each.op), each.value) for each in node.matchers.matchers))
        for node in nodes(expression)
        if isinstance(node, promql_parser.VectorSelector)
    ]


def grouped_by(expression: str) -> set[str]:
    """Every label that a sum or a maximum is taken by."""
    return {
        label
        for node in nodes(expression)
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None
        for label in node.modifier.labels
    }
