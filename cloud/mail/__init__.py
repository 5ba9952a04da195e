"""Mail to people: what waits to leave, its words, and its ways out (a mail server, or a folder)."""
