"""What people see: server-rendered shells, web components and the catalogue of their words."""

from plugin.web.ui.views import blueprint, error_page

__all__ = ["blueprint", "error_page"]
