"""``python -m infra.fhirgen --people 260 --seed 7 --out DIR``: writes one FHIR R4 bundle a family."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from infra.fhirgen.bundles import bundle
from infra.fhirgen.families import families

AS_OF = date(2026, 3, 2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the files and says what is in them."""
    parser = argparse.ArgumentParser(prog="python -m infra.fhirgen", description=__doc__)
    parser.add_argument("--people", type=int, default=260, help="how many people altogether (default: 260)")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same bytes (default: 7)")
    parser.add_argument("--as-of", type=date.fromisoformat, default=AS_OF, help="the day ages are counted on")
    parser.add_argument("--out", type=Path, required=True, help="the folder the bundles are written to")
    chosen = parser.parse_args(arguments)
    if chosen.people < 1:
        parser.error("--people must be at least 1")
    counts = write(chosen.out, chosen.people, chosen.seed, chosen.as_of)
    print(", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) + f" in {chosen.out}")
    return 0


def write(folder: Path, people: int, seed: int, as_of: date = AS_OF) -> Counter[str]:
    """Writes the bundles into `folder` (made if need be); returns how many files and resources of each type."""
    folder.mkdir(parents=True, exist_ok=True)
    counts: Counter[str] = Counter()
    for family in families(people, seed, as_of):
        one = bundle(family, seed, as_of)
        path = folder / f"family-{family.number:05d}.json"
        path.write_text(json.dumps(one, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        counts["files"] += 1
        counts.update(entry["resource"]["resourceType"] for entry in one["entry"])
    return counts


if __name__ == "__main__":
    sys.exit(main())
