"""The ways to show an answer: widget, updated output, text."""
