"""A project's own user model, in an app whose label sorts after ours: migrations must not mind."""
