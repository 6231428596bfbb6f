"""What notebooks need beyond the library: one folder a chapter, and what the chapters share."""
