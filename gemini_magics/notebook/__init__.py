"""What people type and see: the magics, their options, and the views of an answer."""
