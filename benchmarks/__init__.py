"""Measurements behind the numbers of the course."""
