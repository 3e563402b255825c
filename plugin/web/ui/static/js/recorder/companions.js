/** Files that belong to a recording: captions, a log of events, the terminal's session. By their endings, and by the name that they share with it. */

const KINDS = { srt: "captions", vtt: "captions", jsonl: "events", cast: "cast" };
const ending = (name) => name.toLowerCase().split(".").pop();
const stem = (name) => name.toLowerCase().replace(/(\.events)?\.[^.]+$/, "");

/**
 * `{recordings: [{file, beside: [{kind, blob}]}], lonely: [names]}`. A session (.cast) without a video of its name is a recording itself;
 * with a single recording a side file may have any name.
 */
export function sorted(files) {
  const side = files.filter((file) => KINDS[ending(file.name)]);
  const others = files.filter((file) => !side.includes(file));
  const named = (file) => others.find((other) => stem(other.name) === stem(file.name));
  const sessions = side.filter((file) => ending(file.name) === "cast" && !named(file) && others.length !== 1);
  const recordings = [...others, ...sessions].map((file) => ({ file, beside: [] }));
  const lonely = [];
  for (const file of side.filter((one) => !sessions.includes(one))) {
    const home = recordings.find((one) => stem(one.file.name) === stem(file.name)) ?? (recordings.length === 1 ? recordings[0] : null);
    if (home) home.beside.push({ kind: KINDS[ending(file.name)], blob: file });
    else lonely.push(file.name);
  }
  return { recordings, lonely };
}
