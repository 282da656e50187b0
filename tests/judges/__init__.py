"""Outside judges of what we write: they share no code with the writers they judge."""
