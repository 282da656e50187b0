"""The billable ICD-10-CM codes, from the code list that simple-icd-10-cm carries.

Only the list of codes is read: importing the library itself would load the whole tabular XML (200 MB of memory) into
every process.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

CODE = re.compile(r"^[A-Z][0-9A-Z]{2}(?:[.]?[0-9A-Z]{1,4})?$")


def billable_diagnoses() -> frozenset[str]:
    """Codes without dots that a claim may carry: those no longer code begins with (74,731 in the set of April 2026).

    Raises RuntimeError when the package or its list is not there.
    """
    spec = importlib.util.find_spec("simple_icd_10_cm")
    if spec is None or spec.origin is None:
        raise RuntimeError("simple-icd-10-cm is not installed")
    lists = sorted((Path(spec.origin).parent / "data").glob("code-list-*.txt"))
    if not lists:
        raise RuntimeError("simple-icd-10-cm carries no code list")
    words = lists[-1].read_text(encoding="utf-8").split()
    codes = sorted(word.replace(".", "") for word in words if CODE.match(word))
    following = [*codes[1:], ""]
    return frozenset(code for code, after in zip(codes, following, strict=True) if not after.startswith(code))
