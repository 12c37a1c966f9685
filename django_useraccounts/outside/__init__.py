"""
What is outside of the site, and asked over HTTP.

``calls`` stands on requests, so nothing imports it before a call is made.
"""
