"""The pages of each project."""
