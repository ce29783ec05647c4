"""Search for the parameters of a network."""
