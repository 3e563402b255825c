"""Recording in, Sop out. Knows nothing of the database, the web or any target."""
