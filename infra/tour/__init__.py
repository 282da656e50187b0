"""A walk over every page as everybody who has one: ``make tour``. It fails on a dead link, a broken page, an untranslated text."""
