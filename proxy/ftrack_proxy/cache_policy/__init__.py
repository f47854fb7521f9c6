"""What may be kept and for how long: the cache policy, and what is learned of which types events cover. Pure."""
