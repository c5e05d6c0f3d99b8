"""What an index is kept in, and who may write to it."""
