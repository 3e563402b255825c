"""Reading and watching together say what was done."""
