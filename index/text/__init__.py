"""Sentences, days, chunks and words of a text, as offsets."""
