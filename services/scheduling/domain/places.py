"""Where places are, and how far apart."""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

# Mean radius of the earth (IUGG).
EARTH_KILOMETRES = 6371.0088


@dataclass(frozen=True)
class Place:
    """A point in degrees (WGS 84)."""

    latitude: float
    longitude: float

    def kilometres_to(self, other: Place) -> float:
        """The great-circle distance (haversine; within half a percent of the ellipsoid's)."""
        north, south = radians(self.latitude), radians(other.latitude)
        across = radians(other.longitude - self.longitude)
        chord = sin((south - north) / 2) ** 2 + cos(north) * cos(south) * sin(across / 2) ** 2
        return 2 * EARTH_KILOMETRES * asin(sqrt(min(chord, 1.0)))
