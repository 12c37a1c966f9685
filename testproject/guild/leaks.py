"""
A few passwords that everybody knows, told by ranges as "Have I Been Pwned" tells them.

So the demo refuses them without the network, by the same validator and the same protocol.
"""

import hashlib

from django.http import HttpRequest, HttpResponse

#: Long and odd enough for the other rules, and known to everybody for all that.
PASSWORDS = ("correct horse battery staple", "Tr0ub4dor&3", "open sesame please")


def passwords(request: HttpRequest, prefix: str) -> HttpResponse:
    """List the ends of the hashes that begin so, and one that stands for nothing."""
    digests = [hashlib.sha1(text.encode()).hexdigest().upper() for text in PASSWORDS]
    found = [f"{digest[5:]}:1" for digest in digests if digest.startswith(prefix)]
    return HttpResponse("\r\n".join([*found, f"{'0' * 35}:0"]), content_type="text/plain")
