"""What the device says: reported and desired state, presence, telemetry, gaps; the ingest path."""
