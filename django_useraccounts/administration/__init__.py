"""What administrators do to accounts, by the admin's pages or by code."""
