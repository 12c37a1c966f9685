"""Log in with Google, Facebook, or whoever else vouches for a person."""
