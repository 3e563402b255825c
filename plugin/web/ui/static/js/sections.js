/** The sections of an SOP and the order in which they are read; the same rule as in the service (plugin/domain/sections.py). */

const STANDARD = ["purpose", "summary", "scope", "roles", "stakeholders", "prerequisites", "tools", "warnings", "steps", "troubleshooting", "rollback", "escalation", "references", "findings"];

/** All sections: the wanted ones in their order, every other one behind its neighbour in the standard order. */
export function ordered(wanted = []) {
  const order = [...new Set(wanted)].filter((name) => STANDARD.includes(name));
  STANDARD.forEach((name, at) => order.includes(name) || order.splice(at ? order.indexOf(STANDARD[at - 1]) + 1 : 0, 0, name));
  return order;
}

/** Neighbours of which `small` is true stand beside each other: [["a"], ["b", "c"], ["d"]]. */
export function grouped(names, small) {
  const groups = [];
  for (const name of names) {
    if (small(name) && groups.length && small(groups.at(-1)[0])) groups.at(-1).push(name);
    else groups.push([name]);
  }
  return groups;
}
