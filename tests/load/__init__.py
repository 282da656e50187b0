"""Measurements: each figure beside its limit, taken in the same run on the same machine. `make bench` prints them."""
