"""How an instrument of the code is called in Prometheus, after the OpenTelemetry to Prometheus compatibility rules.

Dots become underscores, the unit becomes a suffix (annotations in braces and "1" are left out), sums get ``_total``. The
collector's Prometheus exporter and Prometheus's own OTLP endpoint name them in the same way.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Mapping
from pathlib import Path

from chassis.telemetry import Instrument, declared

ROOT = Path(__file__).resolve().parents[2]
# Every package below services/: a new service is seen without a word here.
PACKAGES = tuple(sorted(path.parent.name for path in (ROOT / "services").glob("*/__init__.py")))
SERVICES = tuple(name for name in PACKAGES if name != "chassis")
UNITS = {"s": "seconds", "By": "bytes"}
# Modules that nothing but the process's start imports.
_STARTS = ("__main__",)


def instruments() -> Mapping[str, Instrument]:
    """Every instrument that any module of any service declares, by its name in the code."""
    for service in PACKAGES:
        package = importlib.import_module(service)
        for module in pkgutil.walk_packages(package.__path__, f"{service}."):
            if not module.name.endswith(_STARTS) and ".migrations" not in module.name and ".testing" not in module.name:
                importlib.import_module(module.name)
    return declared()


def base_name(instrument: Instrument) -> str:
    """The name without the suffixes of its kind: ``polyclinic_outbox_delay_seconds``."""
    base = re.sub(r"[^a-zA-Z0-9]+", "_", instrument.name)
    unit = UNITS.get(instrument.unit, "")
    return f"{base}_{unit}" if unit and not base.endswith(f"_{unit}") else base


def series(instrument: Instrument) -> tuple[str, ...]:
    """The names of its time series: a histogram has three, a counter ends in ``_total``."""
    base = base_name(instrument)
    match instrument.kind:
        case "counter":
            return (f"{base}_total",)
        case "histogram":
            return (f"{base}_bucket", f"{base}_sum", f"{base}_count")
        case _:
            return (base,)


def all_series() -> frozenset[str]:
    """Every time series that the code can produce."""
    return frozenset(name for instrument in instruments().values() for name in series(instrument))
