"""A project without usernames whose users have a column more."""
