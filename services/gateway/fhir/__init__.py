"""FHIR R4 at ``/fhir/R4``: bundles are taken apart here, what they mean is the patient registry's to say."""
