"""Where results are kept: in memory, and in a folder on disk."""
