"""The graph of a workflow: what it is made of, and what a run made of it."""
