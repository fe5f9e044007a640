"""A tracking server, ours or an official one: `mlflow-artifacts:`."""
