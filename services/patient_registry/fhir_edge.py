"""Where FHIR JSON comes in: is it a resource of its type at all? Judged by the R4B models of fhir.resources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fhir.resources.R4B.coverage import Coverage
from fhir.resources.R4B.organization import Organization
from fhir.resources.R4B.patient import Patient
from fhir.resources.R4B.period import Period
from fhir.resources.R4B.reference import Reference
from fhir.resources.R4B.relatedperson import RelatedPerson
from pydantic import BaseModel, ValidationError

from patient_registry.domain.fhir_elements import Resource
from patient_registry.domain.problems import Problem


class _Insurance(BaseModel):
    focal: bool = False
    coverage: Reference


class _Claim(BaseModel):
    """The elements of Claim and ExplanationOfBenefit that are read; the gateway passes no others."""

    patient: Reference
    created: str | None = None
    billablePeriod: Period | None = None  # noqa: N815 - FHIR's name
    insurance: list[_Insurance] = []
    insurer: Reference | None = None
    contained: list[dict[str, Any]] = []


# Elements that are read and are not text in JSON, and those that are text and mean a time.
_TRUTH_VALUES = frozenset({"active", "deceasedBoolean", "preferred", "focal"})
_DATES = frozenset({"birthDate", "deceasedDateTime", "start", "end", "created"})
_MODELS: dict[str, Any] = {
    "Patient": Patient,
    "Coverage": Coverage,
    "RelatedPerson": RelatedPerson,
    "Organization": Organization,
    "Claim": _Claim,
    "ExplanationOfBenefit": _Claim,
}


def without_nulls(value: Any) -> Any:
    """The same JSON without its nulls: FHIR has none but in lists beside extensions, and other systems write them for what is not there."""
    if isinstance(value, dict):
        return {name: without_nulls(one) for name, one in value.items() if one is not None}
    if isinstance(value, list):
        return [without_nulls(one) for one in value if one is not None]
    return value


def problems_of(resource: Resource) -> list[Problem]:
    """Everything that breaks the FHIR definition of the resource's type; types without a model here have no problem."""
    model = _MODELS.get(str(resource.get("resourceType")))
    if model is None:
        return []
    try:
        model.model_validate(resource)
    except ValidationError as error:
        return [Problem(_path(one["loc"]), str(one["msg"])) for one in error.errors()]
    if coerced := list(_coerced(resource, ())):
        return coerced
    contained = resource.get("contained", []) if model is _Claim else []
    return [
        Problem(f"contained[{index}]" + (f".{problem.field}" if problem.field else ""), problem.message)
        for index, one in enumerate(contained)
        for problem in problems_of(one)
    ]


def _coerced(value: Any, location: tuple[int | str, ...]) -> Iterator[Problem]:
    """What the models take for a truth value or a date though JSON says something else: 1, "true", seconds since 1970."""
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _coerced(one, (*location, index))
    elif isinstance(value, dict):
        for name, one in value.items():
            if name in _TRUTH_VALUES and not isinstance(one, bool):
                yield Problem(_path((*location, name)), "must be true or false")
            elif name in _DATES and not isinstance(one, str):
                yield Problem(_path((*location, name)), "must be a date as text, like 2026-03-02")
            elif name != "extension":
                yield from _coerced(one, (*location, name))


def _path(location: tuple[int | str, ...]) -> str:
    """A FHIRPath below the resource: ``("name", 0, "given")`` → ``name[0].given``."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path
