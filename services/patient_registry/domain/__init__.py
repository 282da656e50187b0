"""Rules about people, as pure functions over frozen values."""
