"""The pages of one workflow: starting it, its versions, its saved inputs and its tests."""
