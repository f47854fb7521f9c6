"""Counting what happens; no policy."""
