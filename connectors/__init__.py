"""Targets that a finished SOP is published to. Importable on its own: no web framework, no database, no service settings."""
