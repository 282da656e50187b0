"""Trouble: a running installation under load is hurt in every way that its operators will meet, and proved after each.

``make chaos`` (``python -m infra.chaos``). The rooms:

- ``__main__``, ``run``: the command and the order of a run; ``stage``: what a trouble is given; ``trouble``: what one is
- ``system``: the stack, with a line that can be cut or slowed in front of NATS and of each outside party (``lines``), a door for
  webhooks (``doors``), a small disk for NATS (``disk``), backups (``backup``), the operator's hand on the bus (``bus``)
- ``clinics``, ``load``, ``flow``: the tenants, their never-ending working days, business time that goes on meanwhile
- ``watch``, ``recovery``, ``routes``: every answer that a client got, and when everything was well again
- ``proofs``, ``report``, ``display``: the day's invariants after each trouble, and what is told of them
- ``causes``: the troubles themselves, a file for each kind of cause
"""
