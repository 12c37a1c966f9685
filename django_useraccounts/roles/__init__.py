"""Grant and revoke roles."""
