"""The event hub: subscriptions of our own, and the relay for clients."""
