"""Pure rules of video visits: no database, no network, no clock."""
