"""Text recognition with the PP-OCRv6 recogniser that the rapidocr wheel carries. Offline, loaded on first use.

The network costs about 0.11 CPU milliseconds per pixel column of a line scaled to 48 rows, whatever stands in it; so callers give it only what is new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from plugin.pipeline.artefacts import Line, Rect
from plugin.pipeline.engines.textlines import find_lines, reading_order

Image = Any
_ROWS = 48
_NARROWEST_PX = 48
_OTHER_SCRIPTS = frozenset(("zh", "ja", "ko", "ru", "uk", "el", "ar", "he", "th", "hi"))
_LATIN_ENDS = 0x250
_SIGNS = frozenset("‘’“”–—…•€™→←↑↓✓×▶▼▲■□☑☐●○·")


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One recognised line. ``centres`` are the horizontal middles of the characters of ``text`` in pixels of the crop."""

    text: str
    confidence: float
    centres: tuple[float, ...] = ()
    scores: tuple[float, ...] = ()


class Recogniser:
    """``squeeze`` < 1 narrows lines before they are read, which saves time where the characters are wide.

    ``languages`` are ISO 639-1 codes. Where all of them are written in Latin letters, other scripts are never an answer, so that an icon is not
    taken for an ideograph.
    """

    def __init__(self, *, threads: int = 2, squeeze: float = 1.0, languages: Sequence[str] = ("en",)) -> None:
        self._threads = threads
        self._squeeze = squeeze
        self._latin = not set(languages) & _OTHER_SCRIPTS
        self._session: Any = None
        self._labels: Any = None
        self._characters: list[str] = []

    def read(self, crops: Sequence[Image]) -> list[Read]:
        """Reads lines (``uint8``, grey or BGR). Lines of about the same width go through the network together."""
        inputs = [self._prepare(crop) for crop in crops]
        order = sorted(range(len(inputs)), key=lambda i: inputs[i].shape[2])
        found: dict[int, Read] = {}
        batch: list[int] = []
        for i in order:
            if batch and (len(batch) == 8 or inputs[i].shape[2] > 1.08 * inputs[batch[0]].shape[2] + 8):
                found.update(self._run(batch, inputs, crops))
                batch = []
            batch.append(i)
        if batch:
            found.update(self._run(batch, inputs, crops))
        return [found[i] for i in range(len(crops))]

    def _prepare(self, crop: Image) -> Any:
        import cv2

        bgr = cv2.cvtColor(crop, cv2.COLOR_GRAY2BGR) if crop.ndim == 2 else crop
        height, width = bgr.shape[:2]
        wide = max(_NARROWEST_PX, int(np.ceil(width * _ROWS / height * self._squeeze / 8)) * 8)
        shrink = cv2.INTER_AREA if height > _ROWS else cv2.INTER_CUBIC
        fit = max(8, min(wide, round(width * _ROWS / height * self._squeeze)))
        scaled = cv2.resize(bgr, (fit, _ROWS), interpolation=shrink)
        if fit < wide:
            scaled = cv2.copyMakeBorder(scaled, 0, 0, 0, wide - fit, cv2.BORDER_REPLICATE)
        return ((scaled.astype(np.float32) / 127.5) - 1.0).transpose(2, 0, 1)

    def _run(self, batch: list[int], inputs: list[Any], crops: Sequence[Image]) -> dict[int, Read]:
        widest = max(inputs[i].shape[2] for i in batch)
        block = np.zeros((len(batch), 3, _ROWS, widest), np.float32)
        for row, i in enumerate(batch):
            block[row, :, :, : inputs[i].shape[2]] = inputs[i]
            block[row, :, :, inputs[i].shape[2] :] = inputs[i][:, :, -1:]
        session = self._load()
        output = session.run(None, {session.get_inputs()[0].name: block})[0]
        output = output[:, :, self._labels]
        best, score = output.argmax(axis=2), output.max(axis=2)
        return {i: self._decode(best[row], score[row], crops[i].shape[0]) for row, i in enumerate(batch)}

    def _decode(self, best: Any, score: Any, height: int) -> Read:
        """Greedy CTC: repeated labels fold, label 0 is the blank."""
        step = 8 * height / (_ROWS * self._squeeze)
        text, centres, scores = [], [], []
        last = 0
        for t, label in enumerate(best.tolist()):
            if label and label != last:
                text.append(self._characters[label])
                centres.append((t + 0.5) * step)
                scores.append(float(score[t]))
            elif label and scores and score[t] > scores[-1]:
                centres[-1], scores[-1] = (t + 0.5) * step, float(score[t])
            last = label
        mean = sum(scores) / len(scores) if scores else 0.0
        return Read(text="".join(text), confidence=mean, centres=tuple(centres), scores=tuple(scores))

    def _load(self) -> Any:
        if self._session is None:
            import onnxruntime
            import rapidocr

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = self._threads
            options.inter_op_num_threads = 1
            # The arena keeps the largest line's memory for ever; spinning threads burn the CPU that decoding needs.
            options.enable_cpu_mem_arena = False
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
            options.log_severity_level = 3
            model = Path(rapidocr.__file__).parent / "models" / "PP-OCRv6_rec_small.onnx"
            self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
            names = self._session.get_modelmeta().custom_metadata_map["character"].splitlines()
            characters = ["", *names, " "]
            wanted = [i for i, c in enumerate(characters) if not self._latin or all(ord(x) < _LATIN_ENDS or x in _SIGNS for x in c)]
            self._labels = np.array(wanted)
            self._characters = [characters[i] for i in wanted]
        return self._session


def crop(gray: Image, box: Rect) -> Image:
    """The box with the margin that the recogniser was trained with."""
    x, y, width, height = box
    up = max(2, round(0.14 * height))
    side = max(3, round(0.2 * height))
    return gray[max(0, y - up) : y + height + up, max(0, x - side) : x + width + side]


def lines(image: Image, recogniser: Recogniser, *, least: float = 0.5) -> tuple[Line, ...]:
    """All text of one picture (grey or BGR), from top to bottom."""
    import cv2

    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
    boxes = reading_order(find_lines(gray))
    reads = recogniser.read([crop(gray, box) for box in boxes])
    return tuple(
        Line(box=box, text=read.text.strip(), confidence=read.confidence)
        for box, read in zip(boxes, reads, strict=True)
        if read.text.strip() and read.confidence >= least
    )
