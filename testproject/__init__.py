"""A small real site, The Artists' Guild: the demo of django_useraccounts."""
