"""The steps of a load as tasks of their own: stage, check, publish, and what goes from one to the next."""
