"""Waking workers. The queue carries job ids; the job table is the truth."""
