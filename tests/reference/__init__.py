"""
The parts of docs/reference that are written from the code.

``python -m tests.reference`` writes them anew; ``test_reference.py`` holds that they are current, and that
what is written by hand beside them names all that there is, and nothing else.
"""
