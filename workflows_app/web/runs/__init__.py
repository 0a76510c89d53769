"""Lists of runs: what an address asks for, page by page and row by row."""
