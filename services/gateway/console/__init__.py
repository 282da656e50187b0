"""The staff console: screens over the same contracts as everybody, with the person's own rights. It holds no rule of its own."""
