"""Workflows that several suites, and people, run."""
