"""The language model, wherever it runs."""
