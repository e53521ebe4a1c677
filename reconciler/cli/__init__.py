"""The command line. Gets the world from ``bootstrap`` and nothing else; laptops never apply."""
