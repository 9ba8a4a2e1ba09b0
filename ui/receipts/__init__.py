"""Receipts and what they come to: keeping, finding, taking along; spending, changed prices, double charges."""
