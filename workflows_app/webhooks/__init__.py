"""Telling other programs when runs rest: where a message may go, what it says, and trying until it is taken."""
