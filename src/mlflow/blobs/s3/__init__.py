"""S3 and what is compatible with it, by signed requests of our own."""
