"""Pure rules of scheduling: no database, no network, no clock."""
