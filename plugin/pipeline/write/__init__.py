"""Actions and narration to a finished document."""
