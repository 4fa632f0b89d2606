"""Mail as the workers send it: the server, the readers, and a renderer for each kind."""
