"""
Every act that changes an account, raced against every other one on the same account.

``acts`` says how each is prepared and what its one request is, ``matrix`` sets the stage, lets two
acts go at once and compares what is left with what one after the other leaves. ``python -m
tests.races --repeats 200`` does so many times, on each database.
"""
