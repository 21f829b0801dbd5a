"""From events to answers: one question, conversations, jobs, calls of functions, and batches."""
