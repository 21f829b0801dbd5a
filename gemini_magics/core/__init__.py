"""The words that everybody uses: errors, messages, settings, the answer and how it looks."""
