/** Calls to the service through Forge, which proves who is asking; and the ticket with which the components then talk to the service directly. */

import { invokeRemote } from "@forge/bridge";
import { Api } from "./ui/js/api.js";
import { words } from "./words.js";

/** The parsed answer; throws an Error whose message is for the person. `status` 0: the service was not reached. */
export async function remote(path, body = {}) {
  let answer;
  try {
    answer = await invokeRemote({ path: `/forge/ui/${path}`, method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  } catch (error) {
    throw Object.assign(new Error(words.unreachable), { status: 0, cause: error });
  }
  const status = answer?.status ?? 0;
  const value = typeof answer?.body === "string" ? parsed(answer.body) : answer?.body;
  if (status >= 200 && status < 300) return value;
  throw Object.assign(new Error(value?.detail ?? (status ? words.refused(status) : words.unreachable)), { status });
}

/**
 * What the person may do here, and an Api for the components. A ticket lasts some minutes: when it ends, a new one is asked for on the way.
 * `aim({sop_id})` changes what the ticket is for; all components that share the Api go on with it.
 */
export async function open(body = {}) {
  const here = { wanted: body };
  const renew = async () => {
    Object.assign(here, await remote("session", here.wanted));
    here.service_api ??= new Api({ base: here.api, onExpired: () => renew().then(() => true, () => false) });
    here.service_api.token = here.ticket;
  };
  here.aim = (next) => {
    here.wanted = next;
    return renew();
  };
  await renew();
  return here;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
