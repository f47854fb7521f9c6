"""Could this change alter that answer? What is kept is judged when it is read, against the change log. Pure."""
