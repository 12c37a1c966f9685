"""
Every page in every state, and every mail, in one list: what is looked at, and what is measured.

``python -m tests.gallery --output folder`` takes pictures of them. The tests beside this file have
a browser read them to somebody who does not see, look for what is broken, and weigh them.
"""
