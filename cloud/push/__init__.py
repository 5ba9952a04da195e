"""Web push: what matters, told to a phone whose page is closed; sparingly, sealed, and only by known push services."""
