"""The differential oracle: what the proxy answers against what the server answers, while everything changes."""
