"""What reviews say of a film, and networks that read it."""
