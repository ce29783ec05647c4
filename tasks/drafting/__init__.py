"""Drafting: from somebody's table to the files of a case."""
