/** Times, sizes and dates as people read them. */

/** 75.4 s -> "1:15"; 3700 s -> "1:01:40". */
export function clock(seconds_s) {
  const whole = Math.max(0, Math.floor(seconds_s));
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = `${String(minutes).padStart(hours ? 2 : 1, "0")}:${String(seconds).padStart(2, "0")}`;
  return hours ? `${hours}:${tail}` : tail;
}

export function bytes(count_bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let [value, unit] = [count_bytes, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

const dates = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", year: "numeric" });
const moments = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hour12: false });

const parsed = (iso) => (iso ? new Date(/^\d{4}-\d\d-\d\d$/.test(iso) ? `${iso}T12:00:00` : iso) : null);
export const date = (iso) => (parsed(iso) ? dates.format(parsed(iso)) : "");
export const moment = (iso) => (parsed(iso) ? moments.format(parsed(iso)) : "");

/** Whole days from now until `iso`, negative when it has passed. */
export const daysUntil = (iso) => Math.ceil((parsed(iso) - Date.now()) / 86_400_000);
export const percent = (fraction) => `${Math.round(100 * (fraction ?? 0))} %`;
