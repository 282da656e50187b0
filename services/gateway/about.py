"""What this installation calls itself."""

from __future__ import annotations

from importlib import metadata


def package_version() -> str:
    """The installed version of Polyclinic; "0" in a working copy that is not installed."""
    try:
        return metadata.version("polyclinic")
    except metadata.PackageNotFoundError:
        return "0"
