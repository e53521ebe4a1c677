"""The sources of the platform, with data: databases, landing feeds, the market API, and faults.

Everything is a function of seed, size and time: the same three give the same bytes.
"""
