"""What is converged: each target writes, deletes and verifies one kind of thing. Called by the engine."""
