"""Samples: small tables, pictures, texts and series made in code, for runs where the real data is not here."""
