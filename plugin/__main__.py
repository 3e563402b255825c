"""``python -m plugin`` is ``sopwright``."""

from plugin.cli import main

main()
