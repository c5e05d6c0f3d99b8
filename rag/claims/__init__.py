"""What an answer claims, and what supports it."""
