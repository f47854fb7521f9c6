"""The entity store: answers normalised into entity records, and denormalised into answers again. Pure."""
