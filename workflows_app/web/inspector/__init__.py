"""The run inspector: one run at any moment, with its graph, its timeline and the panel of a step."""
