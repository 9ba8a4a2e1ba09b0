"""What ends when: the clocks of a card, the first thing that can be lost, the month."""
