"""A folder of this machine, written so that what is visible is whole."""
