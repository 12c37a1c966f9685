"""Prove an address."""
