"""Fixtures of the fault tests."""

from tests.faults.places import place

__all__ = ["place"]
