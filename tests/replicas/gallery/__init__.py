"""What a project has beside its accounts."""
