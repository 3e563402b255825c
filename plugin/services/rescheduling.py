"""What a changed rule of an area or of the workspace means for the SOPs under it: due dates by the new rhythm, and how critical they are."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Text, cast, select, update
from sqlalchemy.orm import Session

from plugin.domain.review import Policy, local_day, next_due
from plugin.services import readers, rules
from plugin.services.deps import Deps
from plugin.services.rules import Rules
from plugin.services.standing import calendar_for, flag_of, people_of, responsible
from plugin.store import bulk, tables


def follow(session: Session, deps: Deps, workspace_id: str, name: str, *, before: Mapping[str, Rules], after: Mapping[str, Rules]) -> None:
    """After the rules of area ``name`` went from ``before`` to ``after``. Where the rhythm that holds for an SOP has become another one, its due date
    counts anew from its last review; where it has not, the date stays. The next sweep looks at all of them. Raises Invalid (a date out of reach)."""
    table = tables.Sop
    touched = [table.workspace_id == workspace_id, table.due.is_not(None), table.status != "retired"]
    if name != rules.WORKSPACE:
        touched.append(table.area == name)
    people, shut_out = people_of(session, workspace_id), readers.shut_out(session, workspace_id)

    @cache
    def policies(own: str, area: str | None) -> tuple[Policy, Policy]:
        given = json.loads(own)
        return rules.policy_of(before, given, area), rules.policy_of(after, given, area)

    columns = (
        table.id,
        table.area,
        cast(table.policy, Text).label("own"),
        table.owner_id,
        table.review_state,
        table.due,
        table.criticality,
    )
    changes: defaultdict[tuple[date, str], list[str]] = defaultdict(list)
    flags: defaultdict[str, list[str]] = defaultdict(list)
    for row in session.execute(select(*columns, table.reviewed_at, table.created_at).where(*touched)):
        old, new = policies(row.own, row.area)
        due: date = row.due
        criticality: str = new.criticality or "normal"
        if _rhythm(old) != _rhythm(new):
            calendar = calendar_for(responsible(people, row.owner_id, new, shut_out.get(row.id, ())))
            due = next_due(new, local_day(row.reviewed_at or row.created_at, calendar.time_zone))
        if (due, criticality) != (row.due, row.criticality):
            changes[due, criticality].append(row.id)
        if due != row.due:
            flags[flag_of(row.review_state, due)].append(row.id)
    session.execute(update(table).where(*touched).values(next_review_at=deps.clock()).execution_options(synchronize_session=False))
    for (due, criticality), sop_ids in changes.items():
        _set(session, table, bulk.among(session, table.id, sop_ids), due=due, criticality=criticality)
    for wanted, sop_ids in flags.items():
        published = tables.Publication.state == "published"
        _set(session, tables.Publication, bulk.among(session, tables.Publication.sop_id, sop_ids) & published, flag_wanted=wanted)


def _rhythm(policy: Policy) -> tuple[object, ...]:
    return (policy.fixed,) if policy.fixed else (policy.interval_months, policy.interval_days)


def _set(session: Session, table: type[tables.Base], where: Any, **values: Any) -> None:
    session.execute(update(table).where(where).values(**values).execution_options(synchronize_session=False))
