"""Guards for what stands beside views: each module needs its library, and is imported by choice."""
