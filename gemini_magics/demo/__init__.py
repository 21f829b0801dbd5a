"""A stand-in for the service, on the other side of the wire."""
