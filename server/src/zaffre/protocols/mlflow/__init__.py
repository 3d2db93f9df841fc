"""The door of MLflow programs: its REST API, as the genuine `mlflow` package speaks it."""
