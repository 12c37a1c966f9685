"""Invite people: by mail or by a link to hand out, with the roles that they get."""
