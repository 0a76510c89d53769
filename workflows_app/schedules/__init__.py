"""Runs that start by themselves: what the code declares is kept as rows, and what is due is fired, once."""
