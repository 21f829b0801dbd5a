"""The magics, by subject."""
