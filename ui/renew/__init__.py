"""Renewing a card: choosing how, walking through the steps, checking before paying, proving afterwards."""
