"""
A small OpenID provider of the guild's own, so that logging in by a provider works in the demo.

The accounts talk to it as to a real one: by Authlib over HTTP, with discovery, PKCE, signed ID
tokens and a userinfo endpoint. It asks nobody for a password: whoever comes chooses who to be.
"""
