"""A walk over every page as everybody who has one: ``make tour``. It fails on a dead link, an error, an English text, a finding of axe."""
