"""MLflow's language of filters and orders."""
