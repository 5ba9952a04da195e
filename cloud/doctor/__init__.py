"""`throughline doctor`: looks a deployment over, and says what to change before it costs data."""
