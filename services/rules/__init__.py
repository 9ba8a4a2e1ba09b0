"""Floor 2: pure rules. No file, network, database or clock; what they need comes in as arguments."""
