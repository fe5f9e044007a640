"""What object stores have in common: buckets, and notes that hide what is not whole."""
