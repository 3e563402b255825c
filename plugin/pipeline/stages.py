"""The seven stages, in order. Imported only where recordings are processed: the modules behind it know the heavy engines."""

from __future__ import annotations

from plugin.pipeline import listen, probe, read, redact, watch, write
from plugin.pipeline.act import stage as act
from plugin.pipeline.stage import Stage

STAGES: tuple[Stage, ...] = (
    probe.STAGE,
    listen.STAGE,
    watch.STAGE,
    read.STAGE,
    act.STAGE,
    redact.STAGE,
    write.STAGE,
)
