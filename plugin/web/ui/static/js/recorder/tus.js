/** Resumable upload by tus 1.0.0, also of something whose length is not known yet (creation-defer-length). Constant memory: one slice at a time. */

import { ApiError, newKey } from "../api.js";

const VERSION = { "Tus-Resumable": "1.0.0" };
const SMALLEST_bytes = 32 * 1024;
const FIRST_bytes = 512 * 1024;
const LARGEST_bytes = 8 * 1024 * 1024;
const SLICE_TIME_s = 3;
const RETRY_AT_MOST_s = 30;
// Answers that no repetition will change.
const FINAL = new Set([400, 403, 404, 410, 413, 415, 422, 507]);

/**
 * A source is `{size, read(start, most)}`: `size` in bytes or null while it still grows; `read` gives a Blob of 1..most bytes, or null when
 * nothing is there yet. `beside()` gives the side files `[{kind, blob}]`, which go before the last byte. Events: "progress" {offset, size, speed_bytes_per_s, seconds_left}, "waiting" {seconds, error}, "sent" {offset}.
 */
export class TusUpload extends EventTarget {
  constructor({ api, source, metadata, url = null, beside = () => [] }) {
    super();
    Object.assign(this, { api, source, metadata, url, beside, offset: 0, stopped: false });
    this.slice_bytes = FIRST_bytes;
    this.key = newKey();
    this.announced = source.size !== null;
    this.abort = new AbortController();
    this.wake = () => {};
  }

  /** Runs to the end, through every cut; resolves with the upload's address. Rejects only where no repetition can help, or after stop(). */
  async run() {
    let failures = 0;
    while (!this.stopped) {
      try {
        if (!this.url) await this.create();
        else if (failures || !this.begun) await this.locate();
        this.begun = true;
        if (await this.advance()) return this.url;
        failures = 0;
      } catch (error) {
        if (this.stopped) break;
        if (FINAL.has(error.status) || (error.status === undefined && error.name !== "AbortError")) throw error;
        failures += 1;
        // A slice counts whole or not at all (its checksum covers it): on a bad line only smaller ones get through.
        this.slice_bytes = Math.max(SMALLEST_bytes, Math.floor(this.slice_bytes / 2));
        const seconds = Math.min(RETRY_AT_MOST_s, error.status === 409 || failures === 1 ? 0.5 : 2 ** (failures - 1)) * (0.75 + Math.random() / 2);
        this.say("waiting", { seconds, error });
        await this.pause(seconds);
      }
    }
    throw new DOMException("stopped", "AbortError");
  }

  stop() {
    this.stopped = true;
    this.abort.abort();
    this.request?.abort();
    this.wake();
  }

  /** The source has grown, or has its size now. */
  more() {
    this.wake();
  }

  async create() {
    const length = this.source.size === null ? { "Upload-Defer-Length": "1" } : { "Upload-Length": String(this.source.size) };
    const answer = await this.api.send("POST", "/uploads", {
      signal: this.abort.signal,
      headers: { ...VERSION, ...length, "Upload-Metadata": encoded(this.metadata), "Idempotency-Key": this.key },
    });
    this.url = new URL(answer.headers.get("Location"), answer.url).href;
    this.offset = 0;
    this.say("created", { url: this.url });
  }

  /** Asks the server how far it has come; after a cut only it knows. */
  async locate() {
    const answer = await fetch(this.url, { method: "HEAD", headers: this.api.headers(VERSION), credentials: this.api.credentials, cache: "no-store", signal: this.abort.signal })
      .catch((error) => { throw error.name === "AbortError" ? error : new ApiError(0, { title: "offline" }); });
    if (!answer.ok) throw new ApiError(answer.status, { title: answer.statusText });
    this.offset = Number(answer.headers.get("Upload-Offset"));
    this.announced = answer.headers.has("Upload-Length");
  }

  /** Sends one slice; true when all is there. */
  async advance() {
    if (this.announced && this.offset >= this.source.size) return true;
    const body = await this.source.read(this.offset, this.slice_bytes);
    if (!body && this.source.size === null) {
      await this.pause(1);
      return false;
    }
    if (this.source.size !== null && this.offset + (body?.size ?? 0) >= this.source.size) await this.sendBeside();
    await this.patch(body ?? new Blob());
    return this.announced && this.offset >= this.source.size;
  }

  /** The service takes the recording in with its last byte, so what belongs to it must be there by then. One request each: they are small. */
  async sendBeside() {
    this.pending ??= this.beside();
    while (this.pending.length) {
      const { kind, blob } = this.pending[0];
      const headers = { ...VERSION, "Upload-Length": String(blob.size), "Upload-Metadata": encoded({ kind, of: this.url.split("/").pop(), filename: blob.name ?? kind }), "Content-Type": "application/offset+octet-stream" };
      if (blob.size) await this.api.send("POST", "/uploads", { body: blob, headers, signal: this.abort.signal });
      this.pending.shift();
    }
  }

  async patch(body) {
    const began = performance.now();
    const headers = { ...VERSION, "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(this.offset) };
    if (!this.announced && this.source.size !== null) headers["Upload-Length"] = String(this.source.size);
    if (body.size && crypto.subtle) headers["Upload-Checksum"] = `sha1 ${await digest(body)}`;
    const offset = await this.transmit(body, headers);
    const seconds = Math.max(0.05, (performance.now() - began) / 1000);
    this.announced ||= "Upload-Length" in headers;
    this.speed = this.speed ? 0.7 * this.speed + 0.3 * (body.size / seconds) : body.size / seconds;
    this.slice_bytes = Math.max(SMALLEST_bytes, Math.min(LARGEST_bytes, 2 * this.slice_bytes, Math.round(this.speed * SLICE_TIME_s)));
    this.offset = offset;
    this.report(offset);
    this.say("sent", { offset });
  }

  /** XMLHttpRequest, because fetch does not tell how much of a body has left. Resolves with the server's new offset. */
  transmit(body, headers) {
    return new Promise((resolve, reject) => {
      const request = (this.request = new XMLHttpRequest());
      request.open("PATCH", this.url);
      request.withCredentials = false;
      for (const [name, value] of Object.entries(this.api.headers(headers))) request.setRequestHeader(name, value);
      request.upload.onprogress = (event) => this.report(this.offset + event.loaded);
      request.onload = () => {
        if (request.status === 204) resolve(Number(request.getResponseHeader("Upload-Offset")));
        else if (request.status === 401 && this.api.onExpired) this.api.onExpired().then(() => reject(new ApiError(0, { title: "signed in again" })));
        else reject(new ApiError(request.status, problem(request.responseText)));
      };
      request.onerror = request.ontimeout = () => reject(new ApiError(0, { title: "offline" }));
      request.onabort = () => reject(new DOMException("stopped", "AbortError"));
      request.timeout = 120_000;
      request.send(body);
    });
  }

  report(offset) {
    const { size } = this.source;
    this.say("progress", { offset, size, speed_bytes_per_s: this.speed ?? null, seconds_left: size !== null && this.speed ? (size - offset) / this.speed : null });
  }

  pause(seconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  say(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** A file of any size: slices are read from disk when they are sent. */
export function fileSource(file) {
  return { size: file.size, read: async (start, most) => (start < file.size ? file.slice(start, start + most) : null) };
}

function encoded(metadata) {
  return Object.entries(metadata)
    .filter(([, value]) => value)
    .map(([key, value]) => `${key} ${btoa(String.fromCharCode(...new TextEncoder().encode(value)))}`)
    .join(",");
}

async function digest(blob) {
  return btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest("SHA-1", await blob.arrayBuffer()))));
}

function problem(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { title: "upload" };
  }
}
