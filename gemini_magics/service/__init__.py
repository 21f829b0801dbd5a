"""From a message to events: the services, their keys, the wire and the connection."""
