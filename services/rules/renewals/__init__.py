"""A renewal from the first question to the proof: where it stands, which channel next, whether it is proved, what to do if not."""
