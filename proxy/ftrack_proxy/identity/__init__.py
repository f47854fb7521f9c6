"""Who asks: credentials to an identity that can be stored, and which keys ftrack has accepted."""
