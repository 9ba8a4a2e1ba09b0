"""Floor 3: one file per provider, and the one HTTP core they all speak through."""
