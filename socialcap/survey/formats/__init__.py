"""File formats: bytes to a grid of text, before any platform's grammar is applied."""
