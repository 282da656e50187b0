"""Simulators of the outside parties: clearinghouse and payers, SMS provider, mail server, card processor.

Each is its own process, deterministic by its seed, and reached only over its wire protocol. Nothing here imports from
`services/`: the simulators are an independent judge of what the services send.
"""
