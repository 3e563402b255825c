import json
from dataclasses import replace
from pathlib import Path

from plugin.domain.document import encode
from plugin.pipeline.artefacts import Action, Actions, Line, Reading, Redacted, Screen, Sentence, Still, Transcript, Watched, Word
from plugin.pipeline.redact import masks, redact
from plugin.pipeline.stage import Context, Options

SECRET = "Wk4-maple-81Zd-kite"


def run(
    lines: list[str], *, actions: tuple[Action, ...] = (), said: str = "", never: tuple[str, ...] = (), allowed: tuple[str, ...] = ()
) -> Redacted:
    screen = Screen(still=0, time_s=1.0, lines=tuple(Line(box=(10, 20 * i, 10 * len(t), 18), text=t) for i, t in enumerate(lines)))
    words = tuple(Word(start_s=0.0, end_s=1.0, text=w) for w in said.split())
    inputs = {
        "listen": Transcript(sentences=(Sentence(start_s=0.0, end_s=1.0, text=said, words=words),) if said else ()),
        "watch": Watched(width=800, height=600, duration_s=2.0, stills=(Still(time_s=0.0, until_s=2.0, path="a.png"),)),
        "read": Reading(screens=(screen,)),
        "act": Actions(actions=actions),
    }
    context = Context(
        recording=Path("r"),
        folder=Path("f"),
        options=Options(never=never, allowed=allowed),
        inputs=inputs,
        folders={},
        report=lambda _: None,
    )
    return redact(context)


def command(text: str) -> Action:
    return Action(kind="command", start_s=0.0, act_s=0.1, end_s=1.0, command=text)


def test_no_secret_is_left_in_any_text_of_the_artefact() -> None:
    result = run(
        [f"DB_PASSWORD={SECRET}", "nothing"],
        actions=(command(f"psql postgresql://app:{SECRET}@localhost/app"), command(f"sed -i 's/{SECRET}/Nv7-birch-20Qe-sail/' .env")),
        said=f"The password is {SECRET} now",
    )
    text = json.dumps(encode(result))
    assert SECRET not in text
    assert "Nv7-birch-20Qe-sail" not in text
    assert [a.command for a in result.actions.actions] == [
        "psql postgresql://app:<PASSWORD_1>@localhost/app",
        "sed -i 's/<PASSWORD_1>/<SECRET_1>/' .env",
    ]


def test_one_secret_has_one_placeholder_even_where_it_was_misread() -> None:
    result = run([f"DB_PASSWORD={SECRET}", "DB_PASSWORD=Wk4-map1e-81Zd-kite"])
    assert [line.text for line in result.reading.screens[0].lines] == ["DB_PASSWORD=<PASSWORD_1>"] * 2


def test_the_cover_hides_the_value_and_leaves_its_name_readable() -> None:
    (cover,) = run([f"DB_PASSWORD={SECRET}"]).covers
    x, _, width, height = cover.box
    assert x <= 10 + 12 * 10
    assert x + width >= 10 + 31 * 10
    assert x > 60
    assert height >= 18


def test_a_secret_that_wraps_is_covered_on_both_rows() -> None:
    result = run(["psql -c 'alter role app password Wk4-maple-8", "1Zd-kite'"], actions=(command(f"x --password {SECRET}"),))
    assert [c.box[1] for c in result.covers] == [-3, 17]


def test_a_half_typed_secret_is_covered_too() -> None:
    result = run(["login Wk4-map"], actions=(command(f"login --password {SECRET}"),))
    assert len(result.covers) == 1


def test_a_value_typed_into_a_secret_field_is_gone_everywhere() -> None:
    typed = Action(kind="type", start_s=0.0, act_s=0.1, end_s=1.0, target="PIN", value="plumtree", secret=True)
    result = run(["hello plumtree"], actions=(typed,))
    assert result.actions.actions[0].value is None
    assert "plumtree" not in json.dumps(encode(result))


def test_terms_of_the_workspace_are_always_covered_and_allowed_ones_never() -> None:
    result = run(["Project Bluebird", "password=demo-Value-1"], never=("Bluebird",), allowed=("demo-Value-1",))
    assert [line.text for line in result.reading.screens[0].lines] == ["Project <HIDDEN_1>", "password=demo-Value-1"]


def test_what_only_may_be_a_secret_is_covered_and_put_to_a_person() -> None:
    result = run(["The password for new staff Orchid77Blue"])
    assert "Orchid77Blue" not in json.dumps(encode(result))
    assert result.unsure
    assert "0:01" in result.unsure[0]


def test_a_frame_between_two_stills_takes_the_covers_of_both() -> None:
    watched = Watched(
        width=800, height=600, duration_s=9.0, stills=tuple(Still(time_s=float(i), until_s=i + 0.5, path="") for i in range(4))
    )
    (cover,) = run([f"DB_PASSWORD={SECRET}"]).covers
    (mask,) = masks(watched, [replace(cover, still=1)])
    assert (mask.start_s, mask.end_s) == (0.5, 2.0)
    x, y, width, height = mask.box
    assert (round(x * 800), round(y * 600)) == (cover.box[0], 0)
    assert round((x + width) * 800) == cover.box[0] + cover.box[2]
    assert round(height * 600) == cover.box[1] + cover.box[3]


def test_every_cover_of_a_recording_is_known_for_its_other_frames_too() -> None:
    result = run([f"DB_PASSWORD={SECRET}"])
    assert len(result.masks) == len(result.covers) == 1
    assert (result.masks[0].start_s, result.masks[0].end_s) == (0.0, 2.0)
