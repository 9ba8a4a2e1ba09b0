"""Top-ups through a connected provider: what can be bought, the confirmation, what became of it, limits, renewing by itself."""
