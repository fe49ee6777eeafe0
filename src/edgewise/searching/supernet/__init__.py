"""One training for all networks of a space: they share weights, and each is judged in seconds."""
