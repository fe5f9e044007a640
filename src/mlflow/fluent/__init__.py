"""The calls that know an active run and an active experiment: `mlflow.start_run`, `log_metric`…"""
