"""Operators and their keys, phones and their sessions, devices and their credentials."""
