"""Queries bound to a schema: what they read, show, compare, and which rows they name. Pure."""
