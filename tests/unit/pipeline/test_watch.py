from pathlib import Path

import cv2
import numpy as np
import pytest

from plugin.pipeline import watch
from plugin.pipeline.artefacts import Media, Watched
from plugin.pipeline.stage import Context, Options
from tests import media

BLUE, RED = (200, 120, 40), (60, 60, 220)


def watched(tmp_path: Path, screen: media.Draw, *, seconds: float, codec: str = "libx264", fps: float = 15.0, rotation: int = 0) -> Watched:
    name = "a.webm" if "vpx" in codec else "a.mp4"
    path = media.video(tmp_path / name, screen, seconds=seconds, codec=codec, fps=fps)
    height, width = screen(0.0).shape[:2]
    if rotation in (90, 270):
        width, height = height, width
    demuxer = "matroska" if "vpx" in codec else "mov"
    found = Media(sha256="", demuxer=demuxer, duration_s=seconds, width=width, height=height, has_video=True, rotation_deg=rotation)
    folder = tmp_path / "stills"
    folder.mkdir()
    context = Context(recording=path, folder=folder, options=Options(), inputs={"probe": found}, folders={}, report=lambda _: None)
    return watch.STAGE.run(context)


def form(*, dark: bool = False) -> media.Screen:
    """A pointer comes from the corner, rests on a button, presses it, and the page answers."""
    screen = media.Screen(dark=dark)
    screen.text("Settings", 60, 60)
    screen.box(380, 200, 110, 34, BLUE)
    screen.text("Save", 410, 223)
    screen.move(1.0, 0.8, 430, 215)
    screen.text("Your settings were saved", 60, 330, start=2.4)
    screen.box(60, 350, 300, 60, RED, start=2.4)
    return screen


@pytest.mark.parametrize(("codec", "dark"), [("libx264", False), ("libx264", True), ("libvpx", False)])
def test_it_finds_the_press_where_and_when_it_was(tmp_path: Path, codec: str, dark: bool) -> None:
    found = watched(tmp_path, form(dark=dark), seconds=4.0, codec=codec)
    (click,) = found.clicks
    assert click.time_s == pytest.approx(2.3, abs=0.4)
    assert abs(click.x - 430) <= 14
    assert abs(click.y - 215) <= 14


def test_the_still_before_a_press_shows_the_untouched_target_without_the_pointer_and_the_one_after_its_result(tmp_path: Path) -> None:
    found = watched(tmp_path, form(), seconds=4.0)
    (click,) = found.clicks
    before, after = (cv2.imread(str(tmp_path / "stills" / found.stills[i].path)) for i in (click.before, click.after))
    assert before[380, 200].min() > 200  # the answer is not there yet
    assert after[380, 200].tolist() == pytest.approx(list(RED), abs=12)
    button = before[204:230, 384:486].astype(int)
    assert np.abs(button - BLUE).max(axis=2).mean() < 20  # the button and its label, and no arrow on them
    assert before[217, 431].tolist() == pytest.approx(list(BLUE), abs=30)


def test_a_pointer_that_only_passes_presses_nothing(tmp_path: Path) -> None:
    screen = media.Screen()
    screen.text("Nothing happens here", 60, 60)
    screen.move(0.6, 0.6, 300, 200)
    screen.move(1.6, 0.6, 600, 300)
    assert watched(tmp_path, screen, seconds=3.5).clicks == ()


def test_what_was_typed_is_on_a_still_even_if_the_page_is_left_at_once(tmp_path: Path) -> None:
    screen = media.Screen()
    end = screen.type("kubectl get pods", 60, 100, start=1.0, end=2.5)
    screen.box(0, 0, 800, 480, BLUE, start=2.5)
    found = watched(tmp_path, screen, seconds=4.0)
    assert end < 2.5
    last = max((s for s in found.stills if s.until_s < 2.5), key=lambda s: s.until_s)
    picture = cv2.imread(str(tmp_path / "stills" / last.path), cv2.IMREAD_GRAYSCALE)
    written = np.flatnonzero((picture[85:108] < 120).any(axis=0))
    whole = cv2.getTextSize("kubectl get pods", cv2.FONT_HERSHEY_SIMPLEX, 0.55, 1)[0][0]
    assert written.max() - written.min() > 0.75 * whole


def test_a_blinking_caret_is_no_event(tmp_path: Path) -> None:
    screen = media.Screen()
    screen.text("Waiting", 60, 60)
    screen.layer(lambda f, at: cv2.rectangle(f, (200, 100), (202, 118), (0, 0, 0), -1) if int(at * 2) % 2 else None)
    found = watched(tmp_path, screen, seconds=5.0)
    assert len(found.stills) <= 3
    assert found.clicks == ()


@pytest.mark.parametrize(
    ("rows", "columns", "smooth"), [(60, 100, cv2.INTER_CUBIC), (30, 50, cv2.INTER_LINEAR), (12, 20, cv2.INTER_NEAREST)]
)
@pytest.mark.parametrize("seed", [1, 3])
def test_a_film_gives_few_stills_and_no_presses(tmp_path: Path, seed: int, rows: int, columns: int, smooth: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 255, (15, rows, columns, 3), np.uint8)
    film = lambda at: cv2.resize(noise[int(at * 15) % 15], (800, 480), interpolation=smooth)  # noqa: E731 - a picture by time
    found = watched(tmp_path, film, seconds=6.0)
    assert len(found.stills) <= 4
    assert found.clicks == ()


@pytest.mark.parametrize("codec", ["libx264", "libvpx"])
def test_a_speakers_camera_in_the_corner_is_no_event(tmp_path: Path, codec: str) -> None:
    page = form()

    def draw(at: float) -> np.ndarray:
        frame = page(max(0.0, at - 8.0)).copy()
        camera = frame[340:470, 640:790]
        grain = np.random.default_rng(int(at * 15)).normal(120, 10, (33, 38)).astype(np.float32)
        camera[:] = np.clip(cv2.resize(grain, (150, 130)), 0, 255)[..., None]
        x, y = 75 + int(12 * np.sin(at * 2.1) + 5 * np.sin(at * 5.3)), 70 + int(6 * np.sin(at * 3.7))
        cv2.ellipse(camera, (x, y), (30, 42), 0, 0, 360, (150, 180, 220), -1)
        cv2.ellipse(camera, (x, y + 18), (10, 3 + int(4 * abs(np.sin(at * 9)))), 0, 0, 360, (60, 60, 160), -1)
        return frame

    found = watched(tmp_path, draw, seconds=14.0, codec=codec)
    (click,) = found.clicks
    assert abs(click.time_s - 10.3) < 0.3
    assert abs(click.x - 430) < 12
    assert abs(click.y - 215) < 12


def test_a_black_screen_is_one_still(tmp_path: Path) -> None:
    found = watched(tmp_path, lambda at: np.zeros((240, 320, 3), np.uint8), seconds=3.0)
    assert len(found.stills) == 1
    assert (found.changes, found.clicks) == ((), ())


def test_stills_stand_upright(tmp_path: Path) -> None:
    def sideways(at: float) -> np.ndarray:
        upright = np.full((240, 160, 3), 255, np.uint8)
        cv2.rectangle(upright, (0, 0), (160, 30), RED, -1)
        return np.ascontiguousarray(np.rot90(upright, 1))  # to be turned by 90 degrees clockwise

    found = watched(tmp_path, sideways, seconds=1.0, rotation=90)
    picture = cv2.imread(str(tmp_path / "stills" / found.stills[0].path))
    assert picture.shape[:2] == (240, 160)
    assert picture[10, 80].tolist() == pytest.approx(list(RED), abs=12)


def test_typing_beside_a_pointer_does_not_carry_it_away(tmp_path: Path) -> None:
    """The pointer rests in a field while letters are typed past it, a caret blinks behind them; then it goes on to a button."""
    screen = media.Screen()
    screen.layer(lambda f, _: cv2.rectangle(f, (60, 100), (360, 132), (150, 150, 150), 1))
    screen.move(0.5, 0.5, 140, 160)
    screen.move(1.0, 0.6, 150, 112)
    screen.box(60, 100, 300, 3, BLUE, start=1.9)
    words = "operations team"
    end = screen.type(words, 70, 121, start=2.3)
    wide = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, 0.55, 1)[0][0]
    caret = 72 + wide
    screen.layer(lambda f, at: cv2.line(f, (caret, 106), (caret, 124), (0, 0, 0), 1) if int(at * 2) % 2 else None, start=end)
    screen.box(200, 220, 110, 34, BLUE)
    screen.move(5.6, 0.8, 250, 236)
    screen.box(0, 300, 800, 120, RED, start=7.0)
    found = watched(tmp_path, screen, seconds=8.5)
    assert [(abs(c.x - x) <= 14, abs(c.y - y) <= 14) for c, (x, y) in zip(found.clicks, [(150, 112), (250, 236)], strict=True)] == [
        (True, True)
    ] * 2


def test_a_pointer_that_was_lost_in_a_new_page_is_found_again(tmp_path: Path) -> None:
    screen = media.Screen()
    screen.text("First page", 60, 60)
    screen.move(0.5, 0.8, 200, 200)
    for row in range(12):
        for column in range(6):
            screen.text(f"cell {row}{column}", 40 + 120 * column, 40 + 36 * row, start=2.0)
    screen.move(3.5, 1.2, 560, 250)
    screen.box(0, 420, 800, 60, RED, start=5.4)
    found = watched(tmp_path, screen, seconds=7.0)
    last = found.clicks[-1]
    assert (abs(last.x - 560) <= 14, abs(last.y - 250) <= 14, abs(last.time_s - 5.3) < 0.4) == (True, True, True)
