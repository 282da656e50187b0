"""The whole of Polyclinic on one machine: embedded PostgreSQL and NATS, simulators, every service, the gateway."""
