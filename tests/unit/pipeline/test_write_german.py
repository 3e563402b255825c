"""German goes through the same code with its own cue file."""

from __future__ import annotations

import pytest

from plugin.pipeline.write.language import cues
from plugin.pipeline.write.phrases import imperative
from tests.unit.pipeline.test_write_document import clicked, ran, said, written

DE = cues("de")


@pytest.mark.parametrize(
    ("spoken", "expected"),
    [
        ("Jetzt öffne ich die Einstellungen.", "Öffnen Sie die Einstellungen"),
        ("Dann klicken wir auf Speichern.", "Klicken Sie auf Speichern"),
        ("Zuerst legen wir einen neuen Ordner an.", "Legen Sie einen neuen Ordner an"),
        ("Als nächstes muss ich die Datenbank sichern.", "Sichern Sie die Datenbank"),
        ("Jetzt müssen wir einen Benutzer anlegen.", "Legen Sie einen Benutzer an"),
        ("Ich kopiere die Datei auf den Server.", "Kopieren Sie die Datei auf den Server"),
        ("Und wir starten den Dienst neu.", "Starten Sie den Dienst neu"),
        ("Gehen Sie auf die Seite Benutzer.", "Gehen Sie auf die Seite Benutzer"),
        ("Also, ähm, öffne bitte die Datei.", "Öffnen Sie die Datei"),
        ("Wir wollen jetzt die Konfiguration testen.", "Testen Sie die Konfiguration"),
        ("Man prüft dann den Zustand.", "Prüfen Sie den Zustand"),
        ("Mit Strg S speichere ich die Datei.", "Speichern Sie die Datei"),
        ("Um die Änderung zu sehen, laden wir die Seite neu.", "Laden Sie die Seite neu, um die Änderung zu sehen"),
        ("Gib den Namen ein.", "Geben Sie den Namen ein"),
    ],
)
def test_a_german_sentence_becomes_a_polite_imperative(spoken: str, expected: str) -> None:
    from plugin.pipeline.write.clauses import without_fillers

    assert imperative(without_fillers(spoken, DE), DE) == expected


@pytest.mark.parametrize(
    "spoken", ["Der Name ist Rechnung.", "Das ist die Liste.", "Es dauert etwas.", "Die Datei ist gespeichert.", "Alles klar."]
)
def test_a_statement_is_no_imperative(spoken: str) -> None:
    assert imperative(spoken, DE) is None


def test_a_german_recording_becomes_a_german_document() -> None:
    narrated = said(
        (0.5, 5.0, "Hallo zusammen, in diesem Video zeige ich, wie man den Webserver auf eine neue Version umstellt."),
        (5.2, 8.0, "Ihr braucht Administratorrechte auf dem Server."),
        (9.0, 12.0, "Zuerst sichern wir die Konfiguration."),
        (16.5, 18.5, "Dann laden wir den Dienst neu."),
        (22.0, 24.0, "Es sollte keine Meldung erscheinen."),
        (24.5, 27.0, "Wenn ein Fehler kommt, prüfe zuerst die Datei."),
        (27.5, 30.0, "Niemals den Server im laufenden Betrieb abschalten."),
        (31.0, 34.0, "Um die Änderung zurückzurollen, kopieren wir die Sicherung zurück."),
        (35.0, 38.0, "Falls das nicht hilft, ruft bitte das Plattformteam an."),
        (39.0, 41.0, "Das war's, danke fürs Zuschauen."),
        language="de",
    )
    sop = written(narrated, ran(13.0, "cp /etc/web.conf /tmp"), ran(19.0, "systemctl reload web"))
    assert sop.title == "Den Webserver auf eine neue Version umstellen"
    assert [s.action for s in sop.steps] == [
        "Sichern Sie die Konfiguration: `cp /etc/web.conf /tmp`.",
        "Laden Sie den Dienst neu: `systemctl reload web`.",
    ]
    assert sop.prerequisites == ("Administratorrechte auf dem Server.",)
    assert sop.steps[1].expected == "Es sollte keine Meldung erscheinen."
    assert sop.steps[1].troubleshooting == () or "Fehler" in sop.steps[1].troubleshooting[0].problem
    assert sop.troubleshooting[0].problem == "Ein Fehler kommt"
    assert sop.warnings == ("Niemals den Server im laufenden Betrieb abschalten.",)
    assert len(sop.rollback) == 1
    assert sop.escalation[0].to == "Plattformteam"


def test_a_german_mistake_is_left_out() -> None:
    words = said(
        (1.0, 3.0, "Jetzt gehe ich auf Berichte."),
        (6.0, 8.0, "Ach nein, das ist die falsche Seite."),
        (9.0, 11.0, "Ich öffne Nutzung."),
        language="de",
    )
    sop = written(words, clicked(4, "Berichte", "tab"), clicked(11.5, "Nutzung", "tab"))
    assert [s.action for s in sop.steps] == ["Öffnen Sie den Reiter Nutzung."]


def test_a_silent_recording_can_be_written_in_german() -> None:
    sop = written(said(language="de"), clicked(4, "Speichern"), ran(9, "git push"))
    assert [s.action for s in sop.steps] == ["Klicken Sie auf Speichern.", "Übertragen Sie die Änderungen: `git push`."]
