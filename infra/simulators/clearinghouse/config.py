"""What the driver may decide about the payers; every option has a default. Amounts are minor units (cents)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, TypeVar

from infra.simulators.x12 import Separators

T = TypeVar("T", "Payer", "Config")


class ConfigError(ValueError):
    """The configuration names something unknown or gives a value of the wrong kind."""


@dataclass(frozen=True)
class Denial:
    """One way to deny: adjustment group and reason (CARC), line remarks (LQ*HE), claim remarks (MOA), and how often."""

    reason: str
    group: str = "CO"
    remarks: tuple[str, ...] = ()
    claim_remarks: tuple[str, ...] = ()
    weight: int = 1


DENIALS = (
    Denial("16", remarks=("M51",), claim_remarks=("MA130",), weight=3),
    Denial("50", remarks=("N115",), weight=3),
    Denial("197", remarks=("N54",), weight=3),
    Denial("97", remarks=("M15",), weight=2),
    Denial("96", group="PR", remarks=("N130",), weight=2),
    Denial("29", remarks=("N211",), weight=1),
    Denial("11", remarks=("M76",), weight=1),
    Denial("4", remarks=("N519",), weight=1),
    Denial("109", remarks=("N418",), weight=1),
)


@dataclass(frozen=True)
class Payer:
    """A payer and how it adjudicates, pays and makes mistakes."""

    id: str
    name: str
    kind: str = "commercial"  # medicare | medicaid | commercial
    tax_id: str = "999999990"  # TRN03 is 1 + this
    filing_indicator: str = "12"  # CLP06
    # what it allows and who pays it
    fees: dict[str, int] = field(default_factory=dict)  # procedure code → allowed per unit
    allowed_ratio: float = 0.65  # of the charge, where `fees` has no entry
    copay: int = 0  # PR-3, once per claim, on evaluation and management
    deductible: int = 0  # PR-1 per member and calendar year
    coinsurance: float = 0.0  # PR-2
    out_of_pocket: int = 0  # yearly limit of the member's share; 0 = none
    sequestration: float = 0.0  # CO-253 on what remains to be paid
    copay_codes: list[str] = field(default_factory=lambda: ["992", "98"])  # prefixes of codes the copay applies to
    no_cost_share: list[str] = field(
        default_factory=lambda: ["8", "36415", "9046", "9047", "9048", "9938", "9939", "G04"]
    )
    secondary_rule: str = "patient_share"  # or lesser_of: pays up to its own allowed amount, writes off the rest
    # what it refuses
    rejection_fraction: float = 0.03  # at the 277CA
    denial_fraction: float = 0.06  # left to chance, besides the rules below
    denials: list[Denial] = field(default_factory=lambda: list(DENIALS))
    not_covered: list[str] = field(default_factory=list)  # PR-96
    needs_authorization: list[str] = field(default_factory=list)  # CO-197 without REF*G1
    bundled: dict[str, list[str]] = field(default_factory=dict)  # CO-97: code → codes that include it on the same day
    timely_filing_days: int = 365  # CO-29
    # when it acts
    days_to_277ca: list[int] = field(default_factory=lambda: [1, 2])
    days_to_payment: list[int] = field(default_factory=lambda: [7, 30])
    realtime_down: bool = False  # 503 on /v1/realtime
    realtime_unavailable_fraction: float = 0.0  # AAA 42, try again later
    # how it pays
    method: str = "ACH"  # or CHK
    claims_per_set: int = 100
    separate_zero_pay: bool = False  # unpaid claims in a set of their own (BPR04 NON)
    interest_after_days: int = 0  # L6 from this many days after receipt; 0 = never
    interest_rate: float = 0.12  # a year
    # second thoughts
    reversal_fraction: float = 0.04  # of claims, reversed and corrected after they were paid
    reversal_days: list[int] = field(default_factory=lambda: [5, 12])
    correction_apart_days: int = 0  # the corrected claim comes so many days after its reversal
    reversal_has_lines: bool = True
    recovery: str = "net"  # reversals lower their own set (FB when below zero), or deferred: WO back now, WO later
    deferral_days: int = 3
    recovery_reference: str = "payer"  # in PLB03-2: payer (control number) | provider (claim number) | both
    # crossover to a second payer
    crossover: bool = False
    crossover_fraction: float = 0.0  # of members without configuration whose second plan gets their claims
    crossover_payer: str = ""  # who that is when no second plan of the person is known from claims and questions
    # sloppiness
    drop_modifier_fraction: float = 0.03
    drop_line_reference_fraction: float = 0.03
    split_fraction: float = 0.0  # of claims with several lines answered in two CLP under one CLP01
    separators: list[str] = field(default_factory=lambda: ["*", ":", "^", "~", "\n"])

    def composer_separators(self) -> Separators:
        """The separators this payer writes with."""
        return Separators(*self.separators)

    def denial(self, reason: str) -> Denial:
        """The denial this payer gives for a reason, with its remarks; a bare CO when it has none configured."""
        return next((denial for denial in self.denials if denial.reason == reason), Denial(reason))


@dataclass(frozen=True)
class Config:
    """Everything the driver may set: PUT /_sim/config overlays these defaults."""

    payers: dict[str, Payer]
    submitters: dict[str, str] = field(default_factory=dict)  # id → secret; empty: any are taken
    name: str = "MERIDIAN CLEARINGHOUSE"
    receiver_id: str = "MERIDIANCH"
    acknowledge_minutes: int = 15  # to TA1 and 999
    unknown_member_fraction: float = 0.01
    inactive_member_fraction: float = 0.01
    unknown_members: list[str] = field(default_factory=list)
    members: dict[str, dict[str, Any]] = field(default_factory=dict)  # "payer/member" or "member" → benefits
    claims: dict[str, dict[str, Any]] = field(default_factory=dict)  # claim number → its fate
    refused_providers: list[str] = field(default_factory=list)  # NPIs whose batches are rejected whole at the 277CA


def default_payers() -> dict[str, Payer]:
    """The four payers of the demonstration, unlike one another on purpose."""
    medicare = Payer(
        id="MEDB1",
        name="MEDICARE PART B",
        kind="medicare",
        tax_id="521234560",
        filing_indicator="MB",
        allowed_ratio=0.55,
        deductible=28_300,
        coinsurance=0.20,
        sequestration=0.02,
        days_to_payment=[14, 14],
        recovery="deferred",
        crossover=True,
        crossover_fraction=0.5,
    )
    medicaid = Payer(
        id="MCD01",
        name="STATE MEDICAID",
        kind="medicaid",
        tax_id="521234561",
        filing_indicator="MC",
        allowed_ratio=0.42,
        secondary_rule="lesser_of",
        days_to_payment=[7, 21],
        method="CHK",
        correction_apart_days=3,
        recovery_reference="provider",
    )
    blue_ridge = Payer(
        id="COMM1",
        name="BLUE RIDGE HEALTH PLAN",
        tax_id="521234562",
        allowed_ratio=0.72,
        copay=3_000,
        deductible=50_000,
        coinsurance=0.20,
        out_of_pocket=400_000,
        days_to_payment=[7, 21],
        separate_zero_pay=True,
    )
    cascade = Payer(
        id="COMM2",
        name="CASCADE MUTUAL",
        tax_id="521234563",
        allowed_ratio=0.68,
        copay=2_500,
        deductible=100_000,
        coinsurance=0.10,
        out_of_pocket=600_000,
        days_to_payment=[10, 30],
        recovery="deferred",
        interest_after_days=25,
        recovery_reference="both",
        separators=["|", ">", "^", "~", ""],
    )
    return {payer.id: payer for payer in (medicare, medicaid, blue_ridge, cascade)}


def parse(body: dict[str, Any], submitters: dict[str, str] | None = None) -> Config:
    """The configuration of a PUT body over the defaults and the submitters known without it.

    Raises ConfigError with the path of the first fault.
    """
    if not isinstance(body, dict):
        raise ConfigError("the configuration is a JSON object")
    payers = default_payers()
    overlays = body.get("payers", {})
    if not isinstance(overlays, dict) or not all(isinstance(overlay, dict) for overlay in overlays.values()):
        raise ConfigError("payers: an object of objects is needed")
    for identity, overlay in overlays.items():
        base = payers.get(identity) or Payer(id=identity, name=identity)
        payers[identity] = _overlay(base, {**overlay, "id": identity}, f"payers.{identity}")
    rest = {key: value for key, value in body.items() if key != "payers"}
    return _overlay(Config(payers=payers, submitters=submitters or {}), rest, "")


def as_json(config: Config) -> dict[str, Any]:
    """The effective configuration, in the form that can be PUT again."""
    return dataclasses.asdict(config)


def _overlay(base: T, values: dict[str, Any], path: str) -> T:
    changes: dict[str, Any] = {}
    for name, value in values.items():
        where = f"{path}.{name}".lstrip(".")
        if name not in base.__dataclass_fields__:
            raise ConfigError(f"{where}: no such option")
        present: Any = getattr(base, name)
        if isinstance(present, bool) != isinstance(value, bool) or not isinstance(value, _kinds(present)):
            raise ConfigError(f"{where}: {type(present).__name__} expected, {type(value).__name__} given")
        changes[name] = _denials(values[name], where) if name == "denials" else value
    return dataclasses.replace(base, **changes)


def _kinds(present: object) -> tuple[type, ...]:
    return (int, float) if isinstance(present, float) else (type(present),)


def _denials(values: list[Any], where: str) -> list[Denial]:
    return [_denial(value, where) for value in values]


def _denial(value: Any, where: str) -> Denial:
    if not isinstance(value, dict) or "reason" not in value or set(value) - set(Denial.__dataclass_fields__):
        raise ConfigError(f"{where}: each is {{reason, group, remarks, claim_remarks, weight}}")
    lists: dict[str, Any] = {key: tuple(value[key]) for key in ("remarks", "claim_remarks") if key in value}
    return Denial(**{**value, **lists})
