"""A drill: simulated charge points on a real server, while servers are killed, and Redis and PostgreSQL stop."""
