"""Façade: old import paths of artifact repositories."""
