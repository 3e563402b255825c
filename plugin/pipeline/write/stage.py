"""The last stage: what was seen and said becomes the SOP."""

from __future__ import annotations

import plugin
from plugin.domain.sop import Sop
from plugin.pipeline.artefacts import Media, Redacted
from plugin.pipeline.stage import Context, Stage
from plugin.pipeline.write.assemble import Wishes, assemble
from plugin.pipeline.write.language import cues
from plugin.pipeline.write.language_model import Endpoint, reword


def run(context: Context) -> Sop:
    """The document of the recording. Works only on what redaction let through."""
    media: Media = context.inputs["probe"]
    redacted: Redacted = context.inputs["redact"]
    options = context.options
    spoken = options.language or redacted.transcript.language
    wishes = Wishes(title=options.title, area=options.area, owner=options.owner)

    generator = f"sopwright {plugin.__version__}"
    sop = assemble(redacted, media, cues(spoken), wishes=wishes, generator=generator)
    context.report(0.8)
    endpoint = Endpoint.chosen(options.language_model)
    return reword(sop, endpoint).sop if endpoint else sop


STAGE = Stage(
    name="write",
    version=1,
    needs=("probe", "watch", "redact"),
    produces=Sop,
    run=run,
    uses=("title", "language", "area", "owner", "language_model"),
)
