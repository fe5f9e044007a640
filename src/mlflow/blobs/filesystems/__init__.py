"""File servers that fsspec knows: SFTP, FTP, Hadoop."""
