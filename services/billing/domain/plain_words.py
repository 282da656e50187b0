"""What a procedure code is called on paper for patients: a few plain words of our own, by ranges of codes.

The descriptions of CPT codes are licensed and are not shipped; these words only say what kind of service it was. The
ranges follow the sections of the code set, which are public (https://www.ama-assn.org/practice-management/cpt).
"""

from __future__ import annotations

from bisect import bisect_right

# First code of a range, its last code, the words. Sorted; codes of five digits only, the letters of HCPCS are below.
_RANGES: tuple[tuple[str, str, str], ...] = (
    ("10004", "36399", "Procedure"),
    ("36400", "36425", "Blood draw"),
    ("36426", "69990", "Procedure"),
    ("70010", "79999", "Imaging"),
    ("80047", "89398", "Laboratory test"),
    ("90281", "90399", "Medicine given"),
    ("90460", "90474", "Giving a vaccine"),
    ("90476", "90759", "Vaccine"),
    ("90785", "90899", "Mental health visit"),
    ("92002", "92499", "Eye examination"),
    ("93000", "93278", "Heart test"),
    ("94002", "94799", "Lung test"),
    ("95004", "95199", "Allergy test or treatment"),
    ("96110", "96171", "Health assessment"),
    ("96360", "96549", "Infusion or injection"),
    ("97010", "97799", "Therapy"),
    ("98000", "98016", "Video or phone visit"),
    ("98925", "98943", "Manual treatment"),
    ("98966", "98981", "Phone or online visit"),
    ("99202", "99215", "Office visit"),
    ("99221", "99239", "Hospital visit"),
    ("99242", "99255", "Consultation"),
    ("99341", "99350", "Home visit"),
    ("99381", "99429", "Preventive visit"),
    ("99441", "99443", "Phone visit"),
)
_FIRSTS = [first for first, _, _ in _RANGES]
_LETTERS = {
    "A": "Supplies",
    "E": "Equipment",
    "G": "Service",
    "J": "Medicine given",
    "L": "Brace or aid",
    "P": "Laboratory test",
    "Q": "Medicine or supplies",
}
# Charge lines of our own that are no services: what they are called in English and in Spanish.
_OURS = {
    "LATE-CANCEL": ("Fee for a late cancellation", "Cargo por cancelar tarde"),
    "NO-SHOW": ("Fee for a missed visit", "Cargo por faltar a la cita"),
    "EARLIER": ("Balance from before", "Saldo anterior"),
}

_SPANISH = {
    "Allergy test or treatment": "Prueba o tratamiento de alergia",
    "Blood draw": "Extracción de sangre",
    "Brace or aid": "Soporte o ayuda",
    "Consultation": "Consulta con especialista",
    "Equipment": "Equipo",
    "Eye examination": "Examen de la vista",
    "Giving a vaccine": "Aplicación de vacuna",
    "Health assessment": "Evaluación de salud",
    "Heart test": "Prueba del corazón",
    "Home visit": "Visita a domicilio",
    "Hospital visit": "Visita en el hospital",
    "Imaging": "Imágenes",
    "Infusion or injection": "Infusión o inyección",
    "Laboratory test": "Prueba de laboratorio",
    "Lung test": "Prueba de los pulmones",
    "Manual treatment": "Tratamiento manual",
    "Medicine given": "Medicina administrada",
    "Medicine or supplies": "Medicina o suministros",
    "Mental health visit": "Consulta de salud mental",
    "Office visit": "Consulta",
    "Phone or online visit": "Consulta por teléfono o en línea",
    "Phone visit": "Consulta por teléfono",
    "Preventive visit": "Consulta preventiva",
    "Procedure": "Procedimiento",
    "Service": "Servicio",
    "Supplies": "Suministros",
    "Therapy": "Terapia",
    "Vaccine": "Vacuna",
    "Video or phone visit": "Consulta por video o teléfono",
}


def service_words(procedure: str, language: str = "en") -> str:
    """CPT or HCPCS code → plain words and the code: ``Office visit (99214)``; ``Service (…)`` where nothing is known.

    ``language``: "en" or "es".
    """
    if procedure in _OURS:
        return _OURS[procedure][language == "es"]
    words = "Service"
    if procedure.isdigit():
        at = bisect_right(_FIRSTS, procedure) - 1
        if at >= 0 and procedure <= _RANGES[at][1]:
            words = _RANGES[at][2]
    else:
        words = _LETTERS.get(procedure[:1], words)
    return f"{_SPANISH[words] if language == 'es' else words} ({procedure})"
