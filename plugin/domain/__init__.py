"""Values and pure rules of the trade. Standard library only: no I/O, no clock, no randomness of its own."""
