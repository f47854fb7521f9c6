"""Changes: what writes and events tell, how far it reaches, and the log in which it is numbered. Pure."""
