"""The weekly look at all of the data: what changed its shape, and the documents of it."""
