"""Keeping secrets unreadable at rest."""
