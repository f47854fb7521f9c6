"""Values and what holds them: comparison where the database that compares is not known (three-valued logic, text,
numbers, a budget for the work), and a mapping of bounded size."""
