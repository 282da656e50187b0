"""Card processor of the Stripe kind."""
