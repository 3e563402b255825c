"""Captions that came with the recording."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugin.domain.errors import UnusableRecording
from plugin.pipeline.captions import read_captions

SUBRIP = """1
00:00:01,000 --> 00:00:03,500
Hello. First we open
the <i>settings</i>.

2
00:00:04,000 --> 00:00:06,000
ANNA: Then click Save.

3
00:00:06,500 --> 00:00:07,000
[music]
"""

WEBVTT = """WEBVTT
Kind: captions

NOTE nobody reads this

00:01.000 --> 00:03.000 align:start
<v Anna>Öffne die Einstellungen.

intro
00:03.000 --> 00:05.000
Öffne die Einstellungen.
Klicke dann auf &quot;Sichern&quot;.
"""


def test_subrip_becomes_sentences_with_times(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text(SUBRIP)
    transcript = read_captions(path, language=None)
    assert [s.text for s in transcript.sentences] == ["Hello.", "First we open the settings.", "Then click Save."]
    assert transcript.sentences[0].start_s == 1.0
    assert transcript.sentences[2].start_s == 4.0
    assert transcript.sentences[2].end_s == 6.0


def test_webvtt_takes_a_rolling_line_once(tmp_path: Path) -> None:
    path = tmp_path / "a.vtt"
    path.write_text(WEBVTT, encoding="utf-8")
    transcript = read_captions(path, language="de")
    assert [s.text for s in transcript.sentences] == ["Öffne die Einstellungen.", 'Klicke dann auf "Sichern".']
    assert transcript.language == "de"


def test_another_encoding_and_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes("1\r\n00:00:01,000 --> 00:00:02,000\r\nÖffnen.\r\n".encode("latin-1"))
    assert read_captions(path, language="de").sentences[0].text == "Öffnen."


def test_a_file_without_captions_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text("not captions at all")
    with pytest.raises(UnusableRecording, match="SubRip"):
        read_captions(path, language=None)
