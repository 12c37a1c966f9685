"""What is particular to Stripe: asking it, and reading what it tells."""
