"""The listener: routes requests to the API, the relay, the pass-through and our own endpoints."""
