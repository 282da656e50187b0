"""Journeys: the whole system, started once, lived through over its public REST API only."""
