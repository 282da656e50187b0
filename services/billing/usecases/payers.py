"""Payers and their dated rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from billing.domain import payer_routes
from billing.domain.codec import to_json
from billing.domain.payer_routes import PayerRoute
from billing.domain.payers import PayerKind, PayerRules, faults_of
from billing.store import Store
from billing.tables_directory import Payer
from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation


@dataclass(frozen=True, slots=True)
class PutPayer:
    """A payer as it shall be from now on; `version` 0: whatever there is."""

    code: str
    name: str
    kind: PayerKind
    x12_payer_id: str
    filing_indicator: str
    rules: tuple[PayerRules, ...]
    routes: tuple[PayerRoute, ...]
    active_from: date
    active_to: date | None
    version: int


def put_payer(call: Call, command: PutPayer) -> tuple[Payer, list[PayerRules]]:
    """Creates the payer of that code or replaces it with its rules. Raises InvalidInput, StaleVersion."""
    store = Store(call.session)
    if command.active_to is not None and command.active_to < command.active_from:
        raise InvalidInput([Violation("active_to", "must not be before active_from")])
    faults = faults_of(command.rules, command.active_from, command.active_to)
    if faults:
        raise InvalidInput([Violation(f"rules[{index}].effective", message) for index, message in faults])
    routes = payer_routes.faults_of(command.routes)
    if routes:
        raise InvalidInput([Violation(f"routes[{index}]", message) for index, message in routes])
    payer = store.payer_row(command.code)
    if payer is None:
        payer = Payer(id=call.new_id(), code=command.code)
        _fill(payer, command)
        store.add(payer)
    else:
        payer = store.lock(Payer, payer.id, "payer")
        call.expect_version(payer.version, command.version)
        _fill(payer, command)
        if tuple(store.payer_rules(payer.id)) != tuple(sorted(command.rules, key=lambda period: period.start)):
            # A change of the rules alone is a change of the payer too: its version rises.
            store.mark_changed(payer, "name")
        store.session.flush()
    rules = sorted(command.rules, key=lambda period: period.start)
    store.replace_payer_rules(payer.id, rules)
    return payer, rules


def get_payer(call: Call, code: str) -> tuple[Payer, list[PayerRules]]:
    """The payer of that code with its rules in order of time. Raises NotFound."""
    store = Store(call.session)
    payer = store.payer_row(code)
    if payer is None:
        raise NotFound("payer")
    return payer, store.payer_rules(payer.id)


def list_payers(
    call: Call, active_on: date | None, page_size: int, page_token: str
) -> tuple[list[tuple[Payer, list[PayerRules]]], str]:
    """Payers by code, with their rules."""
    store = Store(call.session)
    rows, token = store.payer_page(active_on, page_size, page_token)
    rules = store.rules_of([row.id for row in rows])
    return [(row, rules.get(row.id, [])) for row in rows], token


def _fill(payer: Payer, command: PutPayer) -> None:
    payer.name = command.name
    payer.kind = command.kind.value
    payer.x12_payer_id = command.x12_payer_id
    payer.filing_indicator = command.filing_indicator
    payer.active_from = command.active_from
    payer.active_to = command.active_to
    payer.routes = to_json(list(command.routes))
