"""Panels: figures that the player fills with arrays."""
