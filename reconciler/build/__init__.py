"""Makes what is deployed: artifacts from the code repo, sealed releases, and the loader that runs them."""
