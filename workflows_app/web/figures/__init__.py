"""Figures about runs: read from the rollups, drawn as charts, gathered on panels."""
