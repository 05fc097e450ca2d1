"""Rank samples, cut the ranking to a budget, and say why each one was picked or passed over."""
