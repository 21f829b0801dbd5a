"""Markdown of a model becomes safe HTML, plain text and data."""
