"""Cases and their messages."""
