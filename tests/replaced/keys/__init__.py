"""A room of the project's own: the keys that people have been lent."""
