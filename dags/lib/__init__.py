"""What several DAGs share; versioned on its own, as the component `libs`."""
