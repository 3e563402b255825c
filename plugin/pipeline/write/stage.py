"""The last stage: what was seen and said becomes the SOP."""

from __future__ import annotations

from dataclasses import replace

import plugin
from plugin.domain.sop import Sop
from plugin.pipeline.artefacts import Media, Redacted, Watched
from plugin.pipeline.pictures import make_picture
from plugin.pipeline.stage import Context, Stage
from plugin.pipeline.write.assemble import Wishes, assemble
from plugin.pipeline.write.illustrate import Illustrator
from plugin.pipeline.write.language import cues
from plugin.pipeline.write.language_model import Endpoint, reword


def run(context: Context) -> Sop:
    """The document of the recording, its pictures beside it in ``context.folder``. Works only on what redaction let through."""
    media: Media = context.inputs["probe"]
    watched: Watched = context.inputs["watch"]
    redacted: Redacted = context.inputs["redact"]
    options = context.options
    known = cues(redacted.transcript.language or options.language)
    actions = max(1, len(redacted.actions.actions))
    illustrate = Illustrator(
        watched=watched,
        covers=redacted.covers,
        source=context.folders["watch"],
        target=context.folder,
        make=make_picture,
        cues=known,
        report=lambda number: context.report(min(0.8, 0.8 * number / actions)),
    )
    wishes = Wishes(title=options.title, area=options.area, owner=options.owner, shapes=options.shapes)
    generator = f"sopwright {plugin.__version__}"
    sop = assemble(redacted, media, known, wishes=wishes, generator=generator, illustrate=illustrate)
    if sop.provenance.language is None:
        sop = replace(sop, provenance=replace(sop.provenance, language=known.language))
    endpoint = Endpoint.chosen(options.language_model, options.language_model_key)
    return reword(sop, endpoint).sop if endpoint else sop


STAGE = Stage(
    name="write",
    version=7,
    needs=("probe", "watch", "redact"),
    produces=Sop,
    run=run,
    uses=("title", "language", "area", "owner", "shapes", "language_model"),
)
