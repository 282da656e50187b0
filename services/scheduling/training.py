"""Learns the risk of no-shows from a tenant's history, in a process of its own: ``python -m scheduling.training < rows > model``.

Apart from the service, which stays small: scikit-learn is loaded here, for the seconds that it takes, and what is learned are a few
numbers. Rows come in the order of time and are never shuffled: the model is fitted on the oldest half, calibrated on what follows,
chosen by its Brier score on what follows that, and judged once on the newest fifth.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.preprocessing import StandardScaler

Numbers = NDArray[np.float64]
SPLITS = (0.5, 0.65, 0.8)
STRENGTHS = (0.01, 0.1, 1.0)
BINS = 5
# A model must be better than the base rate by this share of its Brier score, or the base rate is used.
WORTH = 0.01


def train(rows: Sequence[Sequence[float]]) -> dict[str, Any]:
    """:param rows: [features…, booked in advance (0/1), missed (0/1)], oldest first. Returns {"kind", "body", "figures"}."""
    table = np.asarray(rows, dtype=float)
    values, advance, missed = table[:, :-2], table[:, -2] > 0, table[:, -1]
    first, second, third = (int(len(table) * share) for share in SPLITS)
    base = float(missed[:third].mean())
    best: dict[str, Any] = {"kind": "base_rate", "body": {"base_rate": base}}
    chosen_score = _brier(missed[second:third], np.full(third - second, base)) * (1 - WORTH)
    risks: Numbers = np.full(len(table) - third, base)
    if len(set(missed[:first])) == 2 and len(set(missed[first:second])) == 2:
        scaler = StandardScaler().fit(values[:first])
        scaled = scaler.transform(values)
        for strength in STRENGTHS:
            fitted = LogisticRegression(C=strength, max_iter=500).fit(scaled[:first], missed[:first])
            raw = fitted.predict_proba(scaled)[:, 1]
            for curve in (None, IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")):
                if curve is not None:
                    curve.fit(raw[first:second], missed[first:second])
                told = raw if curve is None else curve.predict(raw)
                score = _brier(missed[second:third], told[second:third])
                if score < chosen_score:
                    chosen_score, risks = score, told[third:]
                    best = {"kind": "logistic", "body": _body(base, scaler, fitted, curve)}
    return best | {"figures": _figures(missed[third:], advance[third:], risks, base, len(table), float(missed.mean()))}


def _body(
    base: float, scaler: StandardScaler, fitted: LogisticRegression, curve: IsotonicRegression | None
) -> dict[str, Any]:
    points = [] if curve is None else zip(curve.X_thresholds_, curve.y_thresholds_, strict=True)
    return {
        "base_rate": base,
        "weights": [float(w) for w in fitted.coef_[0]],
        "intercept": float(fitted.intercept_[0]),
        "means": [float(m) for m in scaler.mean_],
        "scales": [float(s) for s in scaler.scale_],
        "calibration": [[float(x), float(y)] for x, y in points],
    }


def _figures(
    missed: Numbers, advance: NDArray[np.bool_], risks: Numbers, base: float, visits: int, rate: float
) -> dict[str, Any]:
    """How good it is on the newest fifth, which nothing was fitted on; and the same for visits booked a day ahead or more."""
    return {
        "visits": visits,
        "no_show_rate": rate,
        "judged_on": len(missed),
        "brier": _brier(missed, risks),
        "brier_of_base_rate": _brier(missed, np.full(len(missed), base)),
        "area_under_curve": _area(missed, risks),
        "advance_judged_on": int(advance.sum()),
        "advance_brier": _brier(missed[advance], risks[advance]),
        "advance_brier_of_base_rate": _brier(missed[advance], np.full(int(advance.sum()), base)),
        "advance_area_under_curve": _area(missed[advance], risks[advance]),
        "calibration": _bins(missed, risks),
    }


def _brier(missed: Numbers, risks: Numbers) -> float:
    return float(brier_score_loss(missed, np.clip(risks, 0, 1), pos_label=1)) if len(missed) else 0.0


def _area(missed: Numbers, risks: Numbers) -> float:
    return float(roc_auc_score(missed, risks)) if len(set(missed)) == 2 else 0.5


def _bins(missed: Numbers, risks: Numbers) -> list[dict[str, float]]:
    """Fifths of the visits by risk: what was said, and what came."""
    order = np.argsort(risks, kind="stable")
    return [
        {"visits": len(part), "said": float(risks[part].mean()), "came": float(missed[part].mean())}
        for part in np.array_split(order, BINS)
        if len(part)
    ]


def main() -> int:
    """Rows as JSON from standard input, the model as JSON to standard output."""
    json.dump(train(json.load(sys.stdin)), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
