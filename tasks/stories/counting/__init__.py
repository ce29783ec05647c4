"""How far a network can count."""
