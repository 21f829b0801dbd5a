"""Turns that grow: asking a question, and conversations."""
