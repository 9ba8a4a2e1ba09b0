"""Numbers of cards and devices. One identifier is one module with the same few functions.

``compact(text)`` the bare form to store; ``check(text)`` typed findings, empty when nothing is odd; ``format(text)`` in groups to read
and copy; ``hint(text)`` what the number suggests, which is never more than "probably".
"""
