"""People: demographics, matching, relations, coverage, consent, FHIR in and out."""
