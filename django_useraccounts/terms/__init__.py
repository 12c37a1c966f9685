"""Terms of service: read and accept them."""
