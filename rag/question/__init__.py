"""What a question asks: checked, rewritten, dated, of one kind."""
