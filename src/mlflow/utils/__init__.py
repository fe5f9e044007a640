"""Façade: import paths that other packages rely on."""
