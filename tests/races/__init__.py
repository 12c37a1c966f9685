"""
Every act that changes an account, raced against every other one on the same account.

``acts`` says how each is prepared and what its one request is; ``world`` makes a stage of many
Marias, one for each race; ``matrix`` lets two acts go at once, for one Maria after the other, and
judges all of them at the end; ``remains`` tells what is left of each, to be compared with what one
act after the other leaves. ``python -m tests.races --repeats 200`` does so many times, on each
database.
"""
