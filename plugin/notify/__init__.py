"""Telling people: mail, chat."""
