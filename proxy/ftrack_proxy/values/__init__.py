"""How values are compared where the database that compares them is not known: three-valued logic,
text, numbers, and a budget for the work."""
