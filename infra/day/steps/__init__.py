"""The day, step by step: each module's ``run(day)`` leaves what the next ones need in the context."""
