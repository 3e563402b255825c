"""Reading and watching together say what was done."""

from plugin.pipeline.act.stage import STAGE

__all__ = ["STAGE"]
