"""Plans that people pay for: a paid period is a grant of the plan's role, with its end."""
