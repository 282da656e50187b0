"""What a payer knows of its members: configured by the driver, else derived from the seed and the member's number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra.simulators.clearinghouse.config import Config, ConfigError, Payer
from infra.simulators.kit.chance import fraction


@dataclass(frozen=True)
class OtherCoverage:
    """A second plan of the member. `crosses` = the payer forwards its claims there by itself."""

    payer: str
    member: str
    crosses: bool = True
    qmb: bool = False  # Qualified Medicare Beneficiary: the patient may not be billed (remarks N781-N783)


@dataclass(frozen=True)
class Benefits:
    """A member's plan at one payer. Cents; `*_met` is what counted before this simulation began."""

    known: bool
    active: bool
    plan: str
    copay: int
    deductible: int
    deductible_met: int
    coinsurance: float
    out_of_pocket: int
    out_of_pocket_met: int
    last_name: str = ""
    first_name: str = ""
    birth_date: str = ""
    other: OtherCoverage | None = None
    other_is_known: bool = False  # the driver has said whether there is another plan


def person(last_name: str, first_name: str, birth_date: str) -> str:
    """Who it is, whatever the plan: name and birth date (CCYYMMDD)."""
    return f"{last_name}/{first_name}/{birth_date}".upper()


def benefits_of(config: Config, payer: Payer, member: str, seed: int) -> Benefits:
    """The member's plan: `members["payer/member"]` or `members["member"]` over what the seed says."""
    given: dict[str, Any] = config.members.get(f"{payer.id}/{member}") or config.members.get(member) or {}
    unknown = (
        not member
        or member in config.unknown_members
        or f"{payer.id}/{member}" in config.unknown_members
        or (not given and fraction(seed, "unknown", payer.id, member) < config.unknown_member_fraction)
    )
    inactive = not given and fraction(seed, "inactive", payer.id, member) < config.inactive_member_fraction
    deductible = int(given.get("deductible", payer.deductible))
    met = given.get("deductible_met")
    if met is None and "deductible_left" in given:
        met = deductible - int(given["deductible_left"])
    if met is None:
        met = _met_by_chance(deductible, fraction(seed, "deductible", payer.id, member))
    limit = int(given.get("out_of_pocket", payer.out_of_pocket))
    return Benefits(
        known=bool(given.get("known", not unknown)),
        active=bool(given.get("active", not inactive)),
        plan=str(given.get("plan", f"{payer.name} STANDARD")),
        copay=int(given.get("copay", payer.copay)),
        deductible=deductible,
        deductible_met=min(max(int(met), 0), deductible),
        coinsurance=float(given.get("coinsurance", payer.coinsurance)),
        out_of_pocket=limit,
        out_of_pocket_met=min(int(given.get("out_of_pocket_met", met)), limit),
        last_name=str(given.get("last_name", "")),
        first_name=str(given.get("first_name", "")),
        birth_date=str(given.get("birth_date", "")).replace("-", ""),
        other=_other(given),
        other_is_known="other" in given,
    )


def check_members(config: Config) -> None:
    """Raises ConfigError when a member's entry names something unknown."""
    allowed = {"known", "active", "plan", "copay", "deductible", "deductible_met", "deductible_left", "coinsurance"}
    allowed |= {"out_of_pocket", "out_of_pocket_met", "last_name", "first_name", "birth_date", "other"}
    for member, given in config.members.items():
        if not isinstance(given, dict) or set(given) - allowed:
            raise ConfigError(f"members.{member}: an object with only {', '.join(sorted(allowed))}")
        other = given.get("other") or {"payer": "", "member": ""}
        if set(other) - {"payer", "member", "crosses", "qmb"} or not {"payer", "member"} <= set(other):
            raise ConfigError(f"members.{member}.other: payer, member and, if need be, crosses and qmb")


def _met_by_chance(deductible: int, chance: float) -> int:
    """Two in five have met it, the others some whole dollars of it."""
    return deductible if chance < 0.4 else int(deductible * (chance - 0.4) / 0.6) // 100 * 100


def _other(given: dict[str, Any]) -> OtherCoverage | None:
    other = given.get("other")
    return OtherCoverage(**other) if other else None
