"""The doctor finds what is broken, says what to do, and neither changes anything nor tells a secret."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from unittest.mock import patch

import pytest
from click.testing import CliRunner

from plugin import bootstrap, settings
from plugin.cli import targets
from plugin.cli.doctor import doctor, examine
from plugin.cli.findings import Finding
from plugin.services import connections, people
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.store import migrate, tables
from tests.contract.notion.fake import FakeNotion
from tests.integration.web.oidc_provider import provider

TOKEN = "ntn_a_token_that_nobody_may_see"


def findings(environ: Mapping[str, str]) -> list[Finding]:
    with patch.dict(os.environ, environ):
        return list(examine(os.environ))


def found(environ: Mapping[str, str], subject: str) -> Finding:
    return next(f for f in findings(environ) if f.subject.startswith(subject))


def service(data: Path, **more: object) -> tuple[Deps, Caller]:
    deps = bootstrap.build(settings.load({}, data_dir=data, **more))
    migrate.upgrade(deps.database)
    first = people.ensure_first_admin(deps)
    assert first is not None
    return deps, people.sign_in(deps, email=first.email, password=first.password or "").caller


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"SOPWRIGHT_DATA": str(tmp_path / "data")}


def test_a_machine_where_nothing_was_started_is_well_and_stays_untouched(environ: dict[str, str], tmp_path: Path) -> None:
    said = findings(environ)
    assert [f for f in said if f.state == "problem"] == []
    assert {"settings", "disk", "video and audio", "speech", "screen text", "database", "mail"} <= {f.subject for f in said}
    assert all(f.advice for f in said if f.state != "ok")
    assert list(tmp_path.iterdir()) == []


def test_each_connection_of_the_service_is_asked_who_we_are_there(environ: dict[str, str], tmp_path: Path) -> None:
    with FakeNotion(judged=False) as notion:
        deps, admin = service(tmp_path / "data")
        given = {"token": "ntn_test", "parent": notion.parent, "url": notion.url}
        connections.connect(deps, admin, kind="notion", name="Handbook", settings=given)
        connections.connect(deps, admin, kind="notion", name="Old handbook", settings={**given, "token": TOKEN})
        connections.connect(deps, admin, kind="filesystem", name="Folder", settings={"path": str(tmp_path / "kb")})
        deps.database.close()
        writes = len(notion.writes())
        said = {f.subject: f for f in findings({**environ, "SOPWRIGHT_ALLOW_PRIVATE_ADDRESSES": "1"})}
        assert len(notion.writes()) == writes
    assert said["notion “Handbook”"].state != "problem"
    assert "signed in as" in said["notion “Handbook”"].words
    assert said["filesystem “Folder”"].state == "ok"
    refused = said["notion “Old handbook”"]
    assert (refused.state, "Administration > Connections" in refused.advice) == ("problem", True)
    assert TOKEN not in json.dumps([f.words + f.advice for f in said.values()])
    assert not (tmp_path / "kb").exists()


def test_what_publish_would_use_from_the_environment_is_asked_too(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "PATIENCE_S", 5.0)
    with FakeNotion(judged=False) as notion:
        environ |= {
            "SOPWRIGHT_NOTION_TOKEN": "ntn_test", "SOPWRIGHT_NOTION_PARENT": notion.parent, "SOPWRIGHT_NOTION_URL": notion.url,
            "SOPWRIGHT_ALLOW_PRIVATE_ADDRESSES": "true",
        }  # fmt: skip
        assert found(environ, "notion").state != "problem"
        refused = found({**environ, "SOPWRIGHT_NOTION_TOKEN": TOKEN}, "notion")
        assert (refused.state, refused.advice) == ("problem", "Correct SOPWRIGHT_NOTION_TOKEN.")
        missing = found({k: v for k, v in environ.items() if k != "SOPWRIGHT_NOTION_PARENT"}, "notion")
        assert missing.state == "problem"
        assert "SOPWRIGHT_NOTION_PARENT" in missing.words
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert found({**environ, "SOPWRIGHT_NOTION_URL": f"http://127.0.0.1:{port}"}, "notion").state == "problem"


def test_a_folder_that_cannot_be_used_is_named(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    broken = found({**environ, "SOPWRIGHT_FILESYSTEM_PATH": str(tmp_path / "file" / "kb")}, "filesystem")
    assert broken.state == "problem"
    assert str(tmp_path / "file") in broken.words


def test_a_target_that_never_answers_does_not_keep_the_doctor(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "PATIENCE_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        more = {"SOPWRIGHT_NOTION_TOKEN": TOKEN, "SOPWRIGHT_NOTION_PARENT": "0" * 32, "SOPWRIGHT_ALLOW_PRIVATE_ADDRESSES": "true"}
        late = found({**environ, **more, "SOPWRIGHT_NOTION_URL": url}, "notion")
    assert late.state == "problem"
    assert "no answer" in late.words


def test_a_database_that_is_away_or_behind_is_said_without_its_password(environ: dict[str, str], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    away = found({**environ, "SOPWRIGHT_DATABASE_URL": f"postgresql+psycopg://sop:{TOKEN}@127.0.0.1:{port}/sop"}, "database")
    assert away.state == "problem"
    assert TOKEN not in away.words + away.advice
    deps, _ = service(tmp_path / "data")
    assert found(environ, "database").state == "ok"
    with deps.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    deps.database.close()
    assert "db upgrade" in found(environ, "database").advice


def test_jobs_that_nobody_works_on_are_said(environ: dict[str, str], tmp_path: Path) -> None:
    from datetime import timedelta

    deps, admin = service(tmp_path / "data")
    with deps.database.begin() as session:
        created = deps.clock() - timedelta(hours=1)
        session.add(tables.Job(id="job_1", workspace_id=admin.workspace_id, kind="process", state="queued", created_at=created))
    deps.database.close()
    queue = found(environ, "queue")
    assert (queue.state, "sopwright worker" in queue.advice) == ("problem", True)


def test_a_mail_server_and_an_identity_provider_that_do_not_answer_are_said(environ: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        environ |= {"SOPWRIGHT_SMTP_HOST": "127.0.0.1", "SOPWRIGHT_SMTP_PORT": port}
        assert found(environ, "mail").state == "ok"
    assert found(environ, "mail").state == "problem"
    with provider() as fake:
        environ |= {"SOPWRIGHT_OIDC_ISSUER": fake.url, "SOPWRIGHT_OIDC_CLIENT_ID": "x"}
        assert found(environ, "sign-in").state == "ok"
        fake.metadata = {"issuer": "https://elsewhere.example.com"}
        assert "https://elsewhere.example.com" in found(environ, "sign-in").words


def test_settings_that_the_web_role_refuses_are_said_before_it_is_started(environ: dict[str, str]) -> None:
    unsafe = found({**environ, "SOPWRIGHT_BASE_URL": "http://sops.example.com"}, "settings")
    assert (unsafe.state, "SOPWRIGHT_BASE_URL" in unsafe.words) == ("problem", True)
    (only,) = findings({**environ, "SOPWRIGHT_PORT": "many"})
    assert "SOPWRIGHT_PORT" in only.words


def test_the_exit_code_and_the_lines_are_for_programs_too(environ: dict[str, str], tmp_path: Path) -> None:
    well = CliRunner().invoke(doctor, ["--json"], env=environ)
    assert well.exit_code == 0
    assert {json.loads(line)["state"] for line in well.output.splitlines()} <= {"ok", "note"}
    (tmp_path / "data").touch()
    broken = CliRunner().invoke(doctor, [], env=environ)
    assert broken.exit_code == 1
    assert "problem disk" in broken.output
