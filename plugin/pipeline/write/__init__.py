"""Actions and narration to the SOP document: roles of sentences, matching, wording, sections, templates."""

from plugin.pipeline.write.stage import STAGE

__all__ = ["STAGE"]
