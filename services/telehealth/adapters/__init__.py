"""What this service asks of others and tells browsers."""
