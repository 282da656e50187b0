"""The day, step by step."""
