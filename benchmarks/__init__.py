"""What the app costs, measured beside stock Django in one run."""
