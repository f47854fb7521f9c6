"""How work is carried: tasks that several wait for, threads, writes that have begun, memory for long bodies."""
