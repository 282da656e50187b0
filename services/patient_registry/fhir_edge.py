"""Where FHIR JSON comes in: is it a resource of its type at all? Judged by the R4B models of fhir.resources."""

from __future__ import annotations

from typing import Any

from fhir.resources.R4B.coverage import Coverage
from fhir.resources.R4B.patient import Patient
from fhir.resources.R4B.relatedperson import RelatedPerson
from pydantic import ValidationError

from patient_registry.domain.fhir_elements import Resource
from patient_registry.domain.problems import Problem

_MODELS: dict[str, Any] = {"Patient": Patient, "Coverage": Coverage, "RelatedPerson": RelatedPerson}


def problems_of(resource: Resource) -> list[Problem]:
    """Everything that breaks the FHIR definition of the resource's type; types without a model here have no problem."""
    model = _MODELS.get(str(resource.get("resourceType")))
    if model is None:
        return []
    try:
        model.model_validate(resource)
    except ValidationError as error:
        return [Problem(_path(one["loc"]), str(one["msg"])) for one in error.errors()]
    return []


def _path(location: tuple[int | str, ...]) -> str:
    """A FHIRPath below the resource: ``("name", 0, "given")`` → ``name[0].given``."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path
