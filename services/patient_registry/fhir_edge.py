"""Where FHIR JSON comes in: is it a resource of its type at all? Judged by the R4B models of fhir.resources."""

from __future__ import annotations

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


_MODELS: dict[str, Any] = {
    "Patient": Patient,
    "Coverage": Coverage,
    "RelatedPerson": RelatedPerson,
    "Organization": Organization,
    "Claim": _Claim,
    "ExplanationOfBenefit": _Claim,
}


def problems_of(resource: Resource) -> list[Problem]:
    """Everything that breaks the FHIR definition of the resource's type; types without a model here have no problem."""
    model = _MODELS.get(str(resource.get("resourceType")))
    if model is None:
        return []
    try:
        model.model_validate(resource)
    except ValidationError as error:
        return [Problem(_path(one["loc"]), str(one["msg"])) for one in error.errors()]
    contained = resource.get("contained", []) if model is _Claim else []
    return [
        Problem(f"contained[{index}]" + (f".{problem.field}" if problem.field else ""), problem.message)
        for index, one in enumerate(contained)
        for problem in problems_of(one)
    ]


def _path(location: tuple[int | str, ...]) -> str:
    """A FHIRPath below the resource: ``("name", 0, "given")`` → ``name[0].given``."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path
