"""The reader of texts that operators send: SMS, USSD answers, mails, in Chinese and English.

A wrong figure is far worse than none, so nothing is read unless a pattern names it; see ``reader.read``.
"""
