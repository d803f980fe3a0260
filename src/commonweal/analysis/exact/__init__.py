"""Closed forms and exact chains to lay beside simulations: plain functions on arrays, in float64."""
