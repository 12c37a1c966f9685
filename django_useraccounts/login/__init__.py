"""Log in, log out, prove once more who it is."""
