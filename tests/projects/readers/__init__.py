"""A project that keeps what it knows of a person in a table of its own."""
