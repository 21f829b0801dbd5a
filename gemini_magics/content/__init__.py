"""From the notebook to a message: the prompt, and the things that are named with it."""
