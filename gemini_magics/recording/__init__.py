"""Answers that are kept, and found again when the same is asked."""
