"""Attacks to try on the demo: by hand, or played by it on people whom it makes up for that."""
