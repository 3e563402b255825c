"""Actions and narration become a document."""

from __future__ import annotations

from dataclasses import replace

from plugin.domain.document import to_document
from plugin.domain.sop import Sop
from plugin.pipeline.artefacts import Action, Actions, Media, Reading, Redacted, Sentence, Transcript
from plugin.pipeline.write.assemble import Wishes, assemble
from plugin.pipeline.write.language import cues

MEDIA = Media(sha256="ab" * 32, demuxer="mp4", duration_s=90.0, width=1280, height=800, has_video=True, has_audio=True)


def said(*lines: tuple[float, float, str], language: str = "en") -> Transcript:
    sentences = tuple(Sentence(start_s=a, end_s=b, text=t) for a, b, t in lines)
    return Transcript(language=language, model="test", sentences=sentences)


def ran(at_s: float, command: str, **more: object) -> Action:
    return replace(Action(kind="command", start_s=at_s - 1, act_s=at_s, end_s=at_s + 2, command=command, confidence=0.9), **more)  # type: ignore[arg-type]  # fields of the dataclass


def clicked(at_s: float, target: str, role: str = "button", **more: object) -> Action:
    return replace(Action(kind="click", start_s=at_s - 1, act_s=at_s, end_s=at_s + 1, target=target, role=role, confidence=0.9), **more)  # type: ignore[arg-type]  # fields of the dataclass


def written(transcript: Transcript, *actions: Action, media: Media = MEDIA, wishes: Wishes | None = None) -> Sop:
    redacted = Redacted(transcript=transcript, actions=Actions(actions=actions, tools=("psql",)), reading=Reading())
    return assemble(redacted, media, cues(transcript.language), wishes=wishes or Wishes(), generator="test")


NARRATED = said(
    (0.5, 5.0, "Hello, in this video I'm going to show you how to move the wiki to the new server."),
    (5.2, 8.0, "You need root access on both servers."),
    (9.0, 12.0, "So first we stop the service on the old machine."),
    (15.5, 18.0, "It should say inactive."),
    (19.0, 22.0, "Then I copy the data over to the new host."),
    (26.0, 29.0, "If the copy is refused, check the key on the new host."),
    (30.0, 33.0, "Never delete the old data on the same day."),
    (34.0, 37.0, "To roll back, start the service on the old machine again."),
    (38.0, 42.0, "If that does not help, call the platform team."),
    (43.0, 44.0, "That's it, bye."),
)
STEPS = (ran(13.0, "systemctl stop wiki"), ran(23.0, "rsync -a /srv/wiki/ new:/srv/wiki/"))


def test_each_sentence_finds_its_section() -> None:
    sop = written(NARRATED, *STEPS)
    assert sop.title == "Move the wiki to the new server"
    assert sop.prerequisites == ("Root access on both servers.",)
    assert sop.rollback == ("To roll back, start the service on the old machine again.",)
    assert sop.escalation[0].to == "platform team"
    assert sop.warnings == ("Never delete the old data on the same day.",)
    assert sop.troubleshooting[0].problem == "The copy is refused"
    assert sop.steps[0].expected == "It should say inactive."


def test_whom_to_call_is_found_where_no_comma_was_heard() -> None:
    sentences = said((9.0, 12.0, "So first we stop the service."), (38.0, 42.0, "If that fails to escalate to the storage team lead."))
    (call,) = written(sentences, STEPS[0]).escalation
    assert (call.when, call.to) == ("that fails", "storage team lead")


def test_a_command_is_told_with_its_purpose_and_to_the_letter() -> None:
    first, second = written(NARRATED, *STEPS).steps
    assert first.action == "Stop the service on the old machine: run `systemctl stop wiki`."
    assert first.commands[0].text == "systemctl stop wiki"
    assert second.action == "Copy the data over to the new host: run `rsync -a /srv/wiki/ new:/srv/wiki/`."


def test_every_filled_field_says_how_it_is_known() -> None:
    step = written(NARRATED, *STEPS).steps[0]
    assert step.evidence is not None
    assert step.evidence.basis == {"action": "said", "commands": "shown", "expected": "said"}
    assert (9.0, 12.0) in step.evidence.said


def test_a_silent_recording_gives_as_many_steps() -> None:
    silent = written(Transcript(), *STEPS)
    assert [s.action for s in silent.steps] == [
        "Stop the service: run `systemctl stop wiki`.",
        "Copy the files: run `rsync -a /srv/wiki/ new:/srv/wiki/`.",
    ]
    assert all(s.expected is None for s in silent.steps)


def test_the_same_recording_gives_the_same_document() -> None:
    assert to_document(written(NARRATED, *STEPS)) == to_document(written(NARRATED, *STEPS))


def test_a_recording_without_actions_is_an_honest_short_document() -> None:
    sop = written(said((1.0, 5.0, "Our company was founded in a garage by two friends.")))
    assert sop.steps == ()
    assert sop.summary == "No actions were seen between 0:00 and 1:30."


def test_a_page_opened_by_mistake_is_left_out_with_the_menu_that_led_there() -> None:
    words = said(
        (1.0, 3.0, "Next we go to Reports and then Billing."),
        (8.0, 10.0, "Oh no, sorry, that's the wrong page."),
        (11.0, 13.0, "So open Reports again and choose Usage."),
    )
    sop = written(words, clicked(4, "Reports", "menu"), clicked(6, "Billing"), clicked(13.5, "Reports", "menu"), clicked(15, "Usage"))
    assert [s.action for s in sop.steps] == ["Open the Reports menu.", "Click Usage."]


def test_a_command_taken_back_hands_its_words_to_the_right_one() -> None:
    words = said((1.0, 3.0, "Now we label the release."), (8.0, 10.0, "Ah, no. That's the old number."))
    sop = written(words, ran(4, "git tag v1.0"), ran(12, "git tag v1.1"))
    assert [s.action for s in sop.steps] == ["Label the release: run `git tag v1.1`."]


def test_a_secret_is_never_written() -> None:
    typed = Action(kind="type", start_s=1, act_s=2, end_s=3, target="Password", secret=True)
    step = written(Transcript(), typed).steps[0]
    assert step.action == "Enter the password in the Password field."
    assert step.inputs[0].value is None
    assert step.inputs[0].secret


def test_a_person_may_choose_title_area_and_owner() -> None:
    sop = written(NARRATED, *STEPS, wishes=Wishes(title="Move the wiki", area="release-management", owner="Operations"))
    assert (sop.title, sop.area, sop.review.owner, sop.review.interval_days) == ("Move the wiki", "release-management", "Operations", 90)


def typed(at_s: float, target: str, value: str | None) -> Action:
    return Action(
        kind="type", start_s=at_s - 1, act_s=at_s, end_s=at_s + 1, target=target, value=value, secret=value is None, confidence=0.9
    )


def test_signing_in_asks_for_the_readers_own_name_and_password() -> None:
    login = (typed(2, "Username", "ops"), typed(5, "Password", None), clicked(8, "Sign in"))
    account = (typed(12, "Username", "maria"), typed(15, "Password", None), typed(18, "Password confirmation", None), clicked(21, "Save"))
    assert [s.action for s in written(Transcript(), *login, *account).steps] == [
        "Enter your user name in the Username field.",
        "Enter your password in the Password field.",
        "Click Sign in.",
        "Enter maria in the Username field.",
        "Enter the password in the Password field.",
        "Enter the same password in the Password confirmation field.",
        "Click Save.",
    ]


def test_a_recording_without_pictures_gives_steps_that_were_only_said() -> None:
    words = said(
        (1, 4, "In this recording I explain how to restart the queue."),
        (4, 6, "You need access to the jump host."),
        (7, 9, "First log in to the jump host."),
        (10, 12, "Then stop the worker process."),
        (12, 14, "It should say stopped."),
        (15, 17, "Open the wrong console."),
        (17, 19, "No wait, that's wrong."),
        (20, 22, "Now start the worker process again."),
    )
    sound = replace(MEDIA, has_video=False, width=0, height=0)
    sop = written(words, media=sound)
    assert [s.action for s in sop.steps] == ["Log in to the jump host.", "Stop the worker process.", "Start the worker process."]
    assert sop.steps[1].expected == "It should say stopped."
    assert all(s.confidence < 0.4 for s in sop.steps)
    assert all(s.evidence is not None and s.evidence.basis["action"] == "said" and s.evidence.shown is None for s in sop.steps)
    assert sop.prerequisites == ("Access to the jump host.",)


def test_a_wrong_turn_is_recognised_by_the_words_that_tell_it_again() -> None:
    words = said(
        (1.0, 3.0, "Next we go to the reports menu."),
        (5.0, 6.5, "And then, uh, Billing."),
        (9.0, 11.0, "No wait, sorry, that's the wrong page."),
        (12.0, 14.0, "So, go to the reports menu again and choose Usage."),
    )
    sop = written(words, clicked(4, "Rep0rts v"), clicked(7, "Billing"), clicked(14.5, "Reports", "menu"), clicked(16, "Usage"))
    assert [s.action for s in sop.steps] == ["Open the Reports menu.", "Click Usage."]


def test_a_status_line_is_not_named_as_a_place() -> None:
    first, second, third = written(
        Transcript(),
        clicked(4, "Save", place="Settings"),
        clicked(7, "Send", place="0 items, page size up to"),
        clicked(9, "Graph", place="Time Series ("),
    ).steps
    assert first.action == "Click Save on the Settings page."
    assert second.action == "Click Send."
    assert third.action == "Click Graph on the Time Series page."
