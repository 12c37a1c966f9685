"""Plans that people pay for, by Stripe or otherwise: a paid period is a grant of the plan's role."""
