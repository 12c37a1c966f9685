"""
OAuth 2.0 and OpenID Connect, and what is demanded beyond them.

It stands on Authlib, joserfc and requests, so nothing imports it before a login is under way.
"""
