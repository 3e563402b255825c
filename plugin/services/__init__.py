"""Use cases: one function each, one transaction a call."""
