"""Counters, the log and the status document."""
