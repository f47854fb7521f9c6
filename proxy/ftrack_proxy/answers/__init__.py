"""Known entities: answers taken apart, kept by entity, and put together again. Pure."""
