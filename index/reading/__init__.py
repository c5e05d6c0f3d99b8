"""A file becomes a clean article."""
