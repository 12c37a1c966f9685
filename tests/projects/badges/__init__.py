"""A project that tells its users apart by UUIDs."""
