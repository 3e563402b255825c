"""The nine areas and their templates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from plugin.domain.sop import Escalation, Role, Scope, Sop, Step, Trouble
from plugin.pipeline.write.templates import SECTIONS, gaps, guess_area, templates

AREAS = {
    "ci-cd", "infrastructure-as-code", "configuration-management", "release-management", "incident-response", "monitoring", "devsecops", "rollback",
    "post-deployment",
}  # fmt: skip


def test_all_nine_areas_have_a_template_with_known_sections() -> None:
    assert set(templates()) == AREAS
    for template in templates().values():
        assert template.review_interval_days > 0
        assert "steps" in template.required
        assert set(template.required) | set(template.recommended) <= set(SECTIONS)
        assert not set(template.required) & set(template.recommended)
        assert template.examples


@pytest.mark.parametrize(
    ("title", "area"),
    [
        ("Create a pipeline in Jenkins with test and deploy stages", "ci-cd"),
        ("Provision a VPC with Terraform", "infrastructure-as-code"),
        ("Change the configuration of the servers with Ansible playbooks", "configuration-management"),
        ("Release a hotfix with git tags", "release-management"),
        ("Restore the database from a backup after an outage", "incident-response"),
        ("Respond to a firing CPU alert in Grafana", "monitoring"),
        ("Scan the container image for vulnerabilities with Trivy", "devsecops"),
        ("Roll back: revert to the previous application version", "rollback"),
        ("Check health endpoints and latency after the deployment", "post-deployment"),
    ],
)
def test_the_area_is_guessed_from_the_title(title: str, area: str) -> None:
    assert guess_area([(title, 3.0)]) == area


def test_no_area_is_guessed_from_nothing() -> None:
    assert guess_area([("Bake a cake", 3.0)]) is None


def test_gaps_tell_what_blocks_and_what_is_only_recommended() -> None:
    template = templates()["incident-response"]
    bare = Sop(id="sop_1", revision=1, title="Restore")
    assert {g.section for g in gaps(bare, template) if g.blocking} == set(template.required)
    step = Step(
        id="stp_1",
        number=1,
        action="Restore it.",
        expected="It is back.",
        troubleshooting=(Trouble(problem="p", solution="s"),),
        warnings=("Careful.",),
    )
    whole = replace(
        bare, scope=Scope(covers=("The orders database.",)), roles=(Role(role="DBA"),), prerequisites=("Access.",), steps=(step,), escalation=(Escalation(when="w", to="t"),)
    )  # fmt: skip
    assert {g.section for g in gaps(whole, template)} == set(template.recommended)
    assert not any(g.blocking for g in gaps(whole, template))


def test_the_reference_page_lists_every_template() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "templates.md").read_text("utf-8")
    for t in templates().values():
        assert f"| `{t.name}` | {t.title} | {t.review_interval_days} days | {', '.join(t.required)} | {', '.join(t.recommended)} |" in page
