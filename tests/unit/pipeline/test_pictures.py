from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from plugin.pipeline.pictures import make_picture


@pytest.fixture
def still(tmp_path: Path) -> Path:
    image = np.full((900, 1600, 3), 250, np.uint8)
    for row in range(40, 860, 40):
        cv2.putText(image, f"row {row}: password = hunter-{row}", (60, row), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (20, 20, 20), 2, cv2.LINE_AA)
    path = tmp_path / "still.png"
    cv2.imwrite(str(path), image)
    return path


def test_a_large_still_becomes_page_width_and_small(still: Path, tmp_path: Path) -> None:
    made = make_picture(still, tmp_path / "images" / "step-01", highlight=None, covers=())
    with Image.open(made.path) as picture:
        assert picture.size == (made.width, made.height) == (1280, 720)
        assert not picture.info.get("exif")
    assert made.path.stat().st_size < 200_000


def test_a_cover_leaves_one_plain_colour_and_says_where(still: Path, tmp_path: Path) -> None:
    made = make_picture(still, tmp_path / "step", highlight=None, covers=[(300, 100, 400, 30)])
    picture = np.asarray(Image.open(made.path).convert("RGB")).astype(int)
    covered = picture[82:102, 242:558]
    assert covered.reshape(-1, 3).std(axis=0).max() < 4
    assert made.redactions[0] == pytest.approx((297 / 1600, 97 / 900, 406 / 1600, 36 / 900), abs=1e-4)


def test_the_frame_stands_around_the_control_and_not_on_it(still: Path, tmp_path: Path) -> None:
    plain = np.asarray(Image.open(make_picture(still, tmp_path / "a", highlight=None, covers=()).path).convert("RGB")).astype(int)
    made = make_picture(still, tmp_path / "b", highlight=(800, 400, 160, 60), covers=())
    marked = np.asarray(Image.open(made.path).convert("RGB")).astype(int)
    inside = np.abs(plain[322:366, 642:766] - marked[322:366, 642:766]).mean()
    around = np.abs(plain[312:372, 632:776] - marked[312:372, 632:776]).mean()
    assert inside < 6
    assert around > inside + 8
    assert made.highlight == pytest.approx((0.5, 0.44444, 0.1, 0.06667), abs=1e-4)


def test_the_same_still_gives_the_same_bytes(still: Path, tmp_path: Path) -> None:
    first, second = (make_picture(still, tmp_path / name, highlight=(10, 10, 40, 40), covers=[(0, 0, 50, 50)]) for name in ("a", "b"))
    assert first.path.read_bytes() == second.path.read_bytes()


def test_boxes_that_reach_over_the_edge_are_cut(still: Path, tmp_path: Path) -> None:
    made = make_picture(still, tmp_path / "a", highlight=(1550, 850, 200, 200), covers=[(-20, -20, 60, 60)])
    for x, y, w, h in (made.highlight, *made.redactions):
        assert x >= 0
        assert y >= 0
        assert x + w <= 1.0001
        assert y + h <= 1.0001
