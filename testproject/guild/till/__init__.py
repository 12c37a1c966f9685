"""
A Stripe made of paper, so that a stranger can buy a membership in the demo: no money, no network.

The accounts talk to it as to the real one: by the library of Stripe over HTTP, and by signed
webhooks.
"""
