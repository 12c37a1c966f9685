"""The tour: everything that the accounts do, where to see it, and the lines that make it."""
