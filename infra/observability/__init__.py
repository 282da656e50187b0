"""Seeing it run: the collector's configuration, Prometheus rules, Grafana dashboards, and a receiver to prove what is exported."""
