"""Open an account."""
