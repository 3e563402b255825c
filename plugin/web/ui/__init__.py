"""What people see: server-rendered shells, web components and the catalogue of their words."""

from plugin.web.ui.views import blueprint

__all__ = ["blueprint"]
