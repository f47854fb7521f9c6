"""What the schema document tells: types, attributes, families, names in events, derived values
(ftrack-protocol 5)."""
