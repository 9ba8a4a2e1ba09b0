"""The pieces of the trip page."""
