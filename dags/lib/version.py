"""The version of this library, for the DAGs that report which code they run.

A module of its own: raising the version then touches those DAGs alone, not everyone who uses the library.
"""

LIBRARY_VERSION = "1.0.0"
