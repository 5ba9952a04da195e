"""Loops without decisions: ingest, outbox, scheduler."""
