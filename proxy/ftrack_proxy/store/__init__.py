"""Where results are kept: a memory tier in front of a folder on disk."""
