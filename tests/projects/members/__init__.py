"""A project whose users have more columns, asked for when they register and edited later."""
