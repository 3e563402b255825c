"""The last stage: what was seen and said becomes the SOP."""

from __future__ import annotations

import plugin
from plugin.domain.sop import Sop
from plugin.pipeline.artefacts import Media, Redacted
from plugin.pipeline.stage import Context, Stage
from plugin.pipeline.write.assemble import Wishes, assemble
from plugin.pipeline.write.language import cues


def run(context: Context) -> Sop:
    """The document of the recording. Works only on what redaction let through."""
    media: Media = context.inputs["probe"]
    redacted: Redacted = context.inputs["redact"]
    options = context.options
    spoken = options.language or redacted.transcript.language
    wishes = Wishes(title=options.title, area=options.area, owner=options.owner)

    generator = f"sopwright {plugin.__version__}"
    return assemble(redacted, media, cues(spoken), wishes=wishes, generator=generator)


STAGE = Stage(
    name="write",
    version=1,
    needs=("probe", "watch", "redact"),
    produces=Sop,
    run=run,
    uses=("title", "language", "area", "owner", "language_model"),
)
