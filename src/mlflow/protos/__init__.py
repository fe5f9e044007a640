"""Façade: error codes under the path of the original's generated code."""
