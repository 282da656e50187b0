"""What every page for people stands on: assets, languages, forms, components. Console and portal are built from it."""
