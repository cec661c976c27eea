"""Recovering after a loss, and checking beforehand that it would be possible."""
