"""Appeal letters: texts with versions, and what their placeholders become."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass

# What a text may name.
FIELDS = frozenset(
    {
        "payer",
        "claim",
        "payer_claim",
        "patient",
        "member_id",
        "service_date",
        "denied_on",
        "amount",
        "reasons",
        "clinic",
        "npi",
        "today",
    }
)


@dataclass(frozen=True, slots=True)
class AppealText:
    """One version of a letter's text; version 0 is built in. Paragraphs are separated by an empty line."""

    code: str
    version: int
    title: str
    body: str


_HEAD = (
    "Re: {patient}, member id {member_id}\nOur claim {claim}, your claim {payer_claim}\nDate of service {service_date}"
)
_FOOT = (
    "Please tell us your decision in writing. If you uphold the denial, name the rule of the plan that it rests on.\n\n"
    "{clinic}\nNPI {npi}"
)


def _text(code: str, title: str, body: str) -> AppealText:
    return AppealText(code, 0, title, f"{_HEAD}\n\n{body}\n\n{_FOOT}")


BUILT_IN: Mapping[str, AppealText] = {
    text.code: text
    for text in (
        _text(
            "reconsideration",
            "Request for reconsideration",
            "On {denied_on} {payer} did not pay {amount} of this claim and gave these reasons: {reasons}. We ask you to reconsider. "
            "The services were rendered as billed and are documented in the patient's record, which we send on request.",
        ),
        _text(
            "authorisation",
            "Appeal: authorisation",
            "On {denied_on} {payer} denied {amount} for want of an authorisation ({reasons}). We ask for a retrospective review: the "
            "services were medically necessary on the day they were rendered. The record is enclosed.",
        ),
        _text(
            "timely_filing",
            "Appeal: proof of timely filing",
            "On {denied_on} {payer} denied {amount} as filed too late ({reasons}). The claim was first sent within your limit; the "
            "acknowledgement of its receipt is enclosed. We ask you to process it.",
        ),
        _text(
            "medical_necessity",
            "Appeal: medical necessity",
            "On {denied_on} {payer} denied {amount} as not necessary or not documented ({reasons}). The enclosed record shows the "
            "findings, the treatment before and the reason for each service. We ask for a review by a clinician of the same specialty.",
        ),
        _text(
            "bundled",
            "Appeal: separately payable services",
            "On {denied_on} {payer} denied {amount} as included in another service ({reasons}). The services were distinct, as the "
            "modifiers say and the enclosed record shows. We ask you to pay them separately.",
        ),
    )
}


def unknown_fields(body: str) -> list[str]:
    """Placeholders that no letter has; '{' when the braces do not pair."""
    try:
        named = {name for _, name, _, _ in string.Formatter().parse(body) if name is not None}
    except ValueError:
        return ["{"]
    return sorted(named - FIELDS)


def written(text: AppealText, values: Mapping[str, str]) -> str:
    """The letter's words. `values` has every one of FIELDS; nothing but these names is looked up."""
    parts = string.Formatter().parse(text.body)
    return "".join(literal + (values[name] if name is not None else "") for literal, name, _, _ in parts)
