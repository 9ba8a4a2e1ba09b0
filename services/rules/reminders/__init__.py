"""Reminders: what is due on a card, by which ladder, and when a person may be spoken to. Nothing here reads a clock or a file of its own
but ``data``."""
