"""The notebook: the magics and their options, the views of an answer, and the panel."""
