"""Change a password, and get in without it."""
