"""Identity: the organisation, accounts and roles, sign-in and tokens, the audit trail."""
