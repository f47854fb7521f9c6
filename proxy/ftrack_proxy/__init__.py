"""ftrack-proxy: a caching reverse proxy in front of the ftrack API."""

__version__ = "0.1.0"
