"""Values: what the reconciler talks about. Frozen, typed, without any behaviour that needs the world."""
