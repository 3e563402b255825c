"""Every sentence of a narration gets its role, however it is phrased."""

from __future__ import annotations

import pytest

from plugin.pipeline.write.clauses import Clause
from plugin.pipeline.write.language import cues
from plugin.pipeline.write.roles import Told, classify

EN, DE = cues("en"), cues("de")

EARLY = {
    "purpose": [
        "In this video I'm going to show you how to rotate the TLS certificate.",
        "Hi there, today we will add a new worker to the cluster.",
        "This recording shows how to onboard a service to the monitoring.",
        "Okay, so this is how we restart the payment gateway.",
        "The goal is to move the mailboxes to the new tenant.",
        "Hello everyone, let me walk you through the monthly patch run.",
        "I want to demonstrate how to revoke a user's access.",
        "Welcome back, in this tutorial we promote a build to production.",
        "We're going to upgrade the message broker.",
    ],
    "prerequisite": [
        "You need the deployer role in the staging account.",
        "Before you begin, make sure the maintenance window is open.",
        "You'll need access to the jump host and a valid token.",
        "The agent has to be installed on every node already.",
        "This requires version three of the client.",
        "Make sure you are logged in to the registry.",
        "You should already have a running cluster.",
        "I'm assuming that the branch was reviewed.",
        "The change must be approved by the board first, it has to be approved.",
    ],
    "covers": [
        "This covers only the European region.",
        "This procedure applies to the production cluster.",
        "We're only looking at the web tier here.",
    ],
    "excludes": [
        "Setting up the network is out of scope.",
        "I won't cover the database part, that is not part of this.",
        "Certificates have their own procedure.",
        "We are not going to talk about billing.",
    ],
    "warning": [
        "Never run this on the primary node.",
        "Be careful, this will delete all the data.",
        "Do not close the window during the upgrade.",
    ],
}
LATER = {
    "expected": [
        "You should see three green pods.",
        "It prints the version number.",
        "There should be no errors in the list.",
        "The status has to be Running.",
        "And there it is, the new entry.",
        "The dashboard should now show the new service.",
        "You will get a confirmation message.",
        "It says that the plan has no changes.",
        "As you can see, the queue is empty.",
        "The build is now listed as successful.",
        "It returns a two hundred.",
        "We expect exactly two replicas.",
    ],
    "verification": [
        "Make sure that the pod is running.",
        "Check that the banner is gone.",
        "Verify the checksum of the file.",
        "Double-check the region.",
    ],
    "warning": [
        "Don't forget to save the file.",
        "Whatever you do, don't press the red button.",
        "This will overwrite the existing settings.",
        "You must never share this token.",
        "Careful, the deletion cannot be undone.",
        "Please don't run this twice.",
        "Avoid doing this during business hours.",
    ],
    "troubleshooting": [
        "If the pod does not start, look at its events.",
        "If you get an error about permissions, ask for the admin role and try again.",
        "When the page is not loading, clear the cache.",
        "In case the job fails, restart the runner.",
        "If it hangs, press Ctrl C and run it again.",
        "Should the login be refused, reset your password.",
        "If nothing happens, reload the page.",
    ],
    "decision": [
        "If you are on Windows, use the installer instead.",
        "If the list has more than ten entries, go to the second page.",
        "Depending on the region, pick the matching cluster.",
        "If the ticket is urgent, choose priority one.",
    ],
    "rollback": [
        "To roll back, apply the previous manifest.",
        "If you have to roll back, use the old image.",
        "For the rollback, restore the snapshot.",
        "If you need to undo this, revert the commit.",
        "To go back to the old version, change the tag again.",
        "Rollback is done with the same script.",
    ],
    "escalation": [
        "If that doesn't help, call the on-call engineer.",
        "If the disk is still full, escalate to the storage team.",
        "Otherwise escalate it to the platform lead.",
        "If it is down for more than five minutes, page the duty manager.",
        "When the second attempt fails, contact the vendor support, open a ticket with the vendor.",
    ],
    "owner": [
        "The platform team owns this procedure.",
        "This runbook is maintained by the database group.",
        "The owner of this document is the release manager.",
    ],
    "retraction": [
        "No wait, that's the wrong tab.",
        "Oops, wrong button.",
        "Ah no, that was not right.",
        "Sorry, wrong environment.",
        "Hmm, I didn't mean to open that.",
        "Oh, I made a mistake.",
        "No, sorry, let me undo that.",
        "Scratch that.",
        "Wait, no, not that one.",
    ],
    "aside": [
        "Sorry about the noise.",
        "This always takes a while.",
        "My dog is barking again.",
        "Bear with me.",
        "By the way, I love this tool.",
    ],
    "closing": [
        "That's it.",
        "Okay, that's all for today.",
        "Thanks for watching.",
        "See you next time.",
        "And we're done.",
        "That was it.",
    ],
    "action": [
        "First, I open the settings page.",
        "Now click on the Deploy button.",
        "Then we're going to run the migration script.",
        "Next let's select the production cluster.",
        "I'll type the name of the branch.",
        "You can now paste the key into the field.",
        "Go ahead and restart the agent.",
        "And then I just copy the file over.",
        "We need to scale the deployment to three.",
        "After that, push the image to the registry.",
        "What I do now is to download the logs.",
        "Finally, we remove the old volume.",
        "Make sure to tick the box for notifications.",
        "On the left, choose Users.",
    ],
    "stakeholder": ["Please tell the support team in the chat.", "And inform the product team about the change."],
}
GERMAN_LATER = {
    "expected": [
        "Jetzt solltet ihr drei grüne Pods sehen.",
        "Es sollte keine Fehlermeldung erscheinen.",
        "Da ist der neue Eintrag.",
        "Der Status muss aktiv sein.",
    ],
    "warning": [
        "Niemals auf dem Hauptserver ausführen.",
        "Achtung, das löscht alle Daten.",
        "Das darf man auf keinen Fall zweimal machen.",
        "Vergiss das Semikolon nicht.",
    ],
    "troubleshooting": ["Wenn der Pod nicht startet, schau in die Ereignisse.", "Falls ein Fehler kommt, starte den Dienst neu."],
    "decision": ["Wenn du unter Windows arbeitest, nimm den Installer."],
    "rollback": ["Um die Änderung zurückzurollen, spiele die Sicherung ein.", "Für das Rollback kopieren wir die alte Datei zurück."],
    "escalation": ["Falls das nicht hilft, ruf die Bereitschaft an.", "Wenn es länger dauert, eskaliere an das Plattformteam."],
    "retraction": [
        "Ach nein, das ist die falsche Seite.",
        "Ups.",
        "Moment, falsch.",
        "Nein, sorry, das war nicht richtig.",
        "Da habe ich mich vertippt.",
    ],
    "closing": ["Das war's.", "Danke fürs Zuschauen.", "Tschüss."],
    "aside": ["Das dauert immer etwas.", "Übrigens mag ich das."],
    "action": [
        "Dann öffne ich die Einstellungen.",
        "Jetzt müssen wir die Datei speichern.",
        "Klicken Sie auf Senden.",
        "Zuerst legen wir einen Ordner an.",
    ],
}
GERMAN_EARLY = {
    "purpose": [
        "In diesem Video zeige ich, wie man das Zertifikat erneuert.",
        "Hallo zusammen, heute richten wir einen neuen Benutzer ein.",
    ],
    "prerequisite": ["Ihr braucht Zugriff auf den Sprungserver.", "Bevor wir anfangen, stellt sicher, dass ihr angemeldet seid."],
    "excludes": ["Das Netzwerk ist nicht Teil dieser Anleitung."],
}


def role_of(text: str, language: str, *, early: bool) -> str:
    clause = Clause(text=text, start_s=1.0 if early else 50.0, end_s=4.0 if early else 53.0, sentence=0)
    first_s, last_s = (20.0, 90.0) if early else (10.0, 90.0)
    told: list[Told] = classify([clause], cues(language), first_s=first_s, last_s=last_s)
    return told[0].role


def flat(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(role, text) for role, texts in table.items() for text in texts]


@pytest.mark.parametrize(("role", "text"), flat(EARLY))
def test_before_the_first_action(role: str, text: str) -> None:
    assert role_of(text, "en", early=True) == role


@pytest.mark.parametrize(("role", "text"), flat(LATER))
def test_while_things_are_done(role: str, text: str) -> None:
    assert role_of(text, "en", early=False) == role


@pytest.mark.parametrize(("role", "text"), flat(GERMAN_EARLY))
def test_german_before_the_first_action(role: str, text: str) -> None:
    assert role_of(text, "de", early=True) == role


@pytest.mark.parametrize(("role", "text"), flat(GERMAN_LATER))
def test_german_while_things_are_done(role: str, text: str) -> None:
    assert role_of(text, "de", early=False) == role
