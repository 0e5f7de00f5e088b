"""The ground that both players walk on: where it leads, how it turns, and what theory says of it."""
