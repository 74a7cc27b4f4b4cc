"""Tests of the project itself: its imports, its documents, its demo."""
