"""A household's days, and networks that go on with them."""
