"""A preview in its forms, written piece by piece as people are read."""
