"""Where people are logged in: a list, an end for each session, and news of a new device."""
