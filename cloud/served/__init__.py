"""What phones were shown: every menu that was composed, byte for byte, and the situation that it was made of."""
