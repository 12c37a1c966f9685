"""A project, and its only app, that has replaced one of everything that can be replaced."""
