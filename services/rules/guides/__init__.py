"""How to renew a card, step by step and channel by channel: bilingual data files with sources, and what they say for one renewal."""
