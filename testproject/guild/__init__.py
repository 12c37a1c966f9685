"""The pages of the guild."""
