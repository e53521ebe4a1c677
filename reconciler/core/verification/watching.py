"""The life of a watch: a release is begun, its DAGs are flipped one by one, it is live as a whole."""
