"""X12 005010: reading and writing the files that payers and clearinghouses exchange with a clinic.

Pure: bytes in, frozen values out, and back. No database, no clock, no network.

| module | what |
|---|---|
| `errors` | what a refusal says: the reason and the place (segment number, byte, element) |
| `elements` | amounts (integer cents), dates, quantities, text as X12 writes them |
| `envelope` | separators, interchange and group headers, the versions that are read |
| `reader` | tokenizer and envelope checks, streamed: files of any size in bounded memory |
| `writer` | segments, control numbers, counts; refuses data that contains a separator |
| `remittance` | 835 typed model and reader |
| `remittance_proof` | the balances of an 835, to the cent |
| `professional_claim`, `professional_claim_writer` | 837P |
| `eligibility`, `eligibility_reader` | 270 writer, 271 reader |
| `claim_status` | 276 writer, 277 and 277CA readers |
| `acknowledgement` | 999 and TA1 |
"""
