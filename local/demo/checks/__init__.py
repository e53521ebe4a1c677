"""The checks: small functions over the outside and what is expected of it. They look, and change nothing."""
