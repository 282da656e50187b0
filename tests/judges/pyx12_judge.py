"""pyx12 as judge of 837P X222A1, 835 X221A1, 277CA X214 and 999 X231A1.

It judges form and code sets against the guides; it does not see wrong sums, NPI check digits or invalid ICD codes.
"""

import functools
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pyx12.errors
import pyx12.map_if
import pyx12.params
import pyx12.x12n_document

# A guide is read from XML once and judges every file of its kind: what pyx12 counts on its way through a file is in its walker, and
# within a file it uses one guide for many groups itself. Reading them anew was nine tenths of the time of a judgement.
PARAMETERS = pyx12.params.params()
pyx12.map_if.load_map_file = functools.cache(pyx12.map_if.load_map_file)


def judge(text: str) -> list[str]:
    """Every error pyx12 finds in an X12 file, as sentences with their line; empty when the file is valid.

    A file that pyx12 has no map for is an error too: a judge that looked away has not judged.
    """
    report = io.StringIO()
    logging.getLogger("pyx12").setLevel(logging.CRITICAL)
    try:
        valid = pyx12.x12n_document.x12n_document(
            param=PARAMETERS, src_file=io.StringIO(text), fd_997=None, fd_html=None, fd_json=report
        )
    except pyx12.errors.EngineError as error:
        return [f"pyx12 cannot judge this: {error}"]
    errors = list(_errors(json.loads(report.getvalue() or "{}"), 0))
    if not valid and not errors:
        errors.append("pyx12 refuses the file without saying why")
    return errors


def _errors(node: dict[str, Any], line: int) -> Iterator[str]:
    """All error texts in pyx12's report, a tree of interchanges, groups, transactions, segments and elements."""
    line = node.get("cur_line") or line
    for error in node.get("errors", []):
        yield f"line {line}: {error.get('err_str', error)}"
    for value in node.values():
        if isinstance(value, list):
            for child in value:
                if isinstance(child, dict) and "err_str" not in child:
                    yield from _errors(child, line)
