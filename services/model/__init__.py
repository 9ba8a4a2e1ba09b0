"""Floor 1: the nouns. Values without behaviour that touches a file, a network or a clock."""
