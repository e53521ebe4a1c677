"""The files that others put into the landing bucket, one module per feed."""
