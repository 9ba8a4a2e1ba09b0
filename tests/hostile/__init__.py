"""The corpus of hostile texts, and a household that has them in every field."""
