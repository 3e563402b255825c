"""Runs one stage in a child process: its memory is given back at the end, and a decoder that crashes takes nothing else along.

The child ends itself when its parent is gone (the pipe breaks at its next report), so a killed worker leaves no orphan that goes on burning CPU.
"""

from __future__ import annotations

import multiprocessing
import resource
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from plugin.domain.document import encode
from plugin.domain.errors import SopError, UnusableRecording
from plugin.pipeline.stage import Context, Stage

MEMORY_LIMIT_BYTES = 6 * 2**30
"""Address space of a child. The engines map their models and arenas generously; what they really touch is below 1 GB."""


class StageCrashed(SopError):
    """The child ended without an answer (killed by a limit, out of memory, a crash inside a native library)."""


def in_child(stage: Stage, context: Context) -> Any:
    """What ``stage.run(context)`` returns, computed in a child; its SopErrors are raised here, other ends as StageCrashed.

    Progress travels back while it runs; when the caller's ``report`` raises, the child is ended and the same error goes on.
    """
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe(duplex=False)
    child = spawn.Process(target=_child, args=(theirs, stage, replace(context, report=_nothing)), name=f"sopwright-{stage.name}")
    child.start()
    theirs.close()
    try:
        return _listen(ours, child, stage, context)
    finally:
        ours.close()
        if child.is_alive():
            child.kill()
        child.join()
        child.close()


def _listen(pipe: Connection, child: Any, stage: Stage, context: Context) -> Any:
    while True:
        try:
            kind, value = pipe.recv()
        except EOFError:
            child.join()
            raise StageCrashed(
                f"The recording could not be processed: the step '{stage.name}' ended unexpectedly. Try again; if it happens again, the file is damaged.",
                detail_for_operator=f"stage {stage.name} exit code {child.exitcode}",
            ) from None
        if kind == "fraction":
            context.report(value)
        elif kind == "artefact":
            return value
        else:
            raise value


def _child(pipe: Connection, stage: Stage, context: Context) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        artefact = stage.run(replace(context, report=lambda fraction: pipe.send(("fraction", fraction))))
        encode(artefact)  # an artefact that has no JSON form is an error of the stage, told here with its name
        pipe.send(("artefact", artefact))
    except BrokenPipeError:
        return  # nobody waits for the answer any more
    except SopError as error:
        pipe.send(("error", error))
    except MemoryError:
        pipe.send(("error", UnusableRecording("too-large", "The recording needs more memory than is allowed. Record at a lower resolution.")))


def _nothing(_: float) -> None:
    """A reporter that travels to the child, which puts its own in place."""
