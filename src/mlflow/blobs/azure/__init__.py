"""Azure Blob Storage, whose blocks carry their digests as names."""
