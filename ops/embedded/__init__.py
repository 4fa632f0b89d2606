"""PostgreSQL and Redis as children of our own: real servers, on unix sockets only."""
