"""A seeded generator of realistic FHIR R4 bundles: families with shared addresses and phones, guarantors, coverage.

``python -m infra.fhirgen --people 260 --seed 7 --out DIR`` writes one bundle a family. The same arguments give the same
bytes. Nobody in them exists: names are drawn from lists, phones are 555-01xx, e-mail is at example.org, and social
security numbers are from a range that is never given out.
"""
