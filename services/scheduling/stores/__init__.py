"""All SQL of scheduling, by noun; `scheduling.store.Store` puts them together."""
