"""What changed on the screen, where the pointer was, where it was pressed, and the moments at which the picture stood still."""
