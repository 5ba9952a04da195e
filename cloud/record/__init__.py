"""The journal: append, read, replay; and what must leave after a commit."""
