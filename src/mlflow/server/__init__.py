"""The HTTP server: the REST API over the engine, for `mlflow server` or any ASGI server.

hosts, limits, observe → routes → app → run
"""
