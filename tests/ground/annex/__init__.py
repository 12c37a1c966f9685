"""A room that somebody else has built onto the house."""
