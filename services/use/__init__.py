"""Floor 4: what a person can ask for, each use case in its own module."""
