"""What every simulator shares: durable storage, business time, seeded chance, signed webhooks and the HTTP server."""
