/** The one door to the REST API: bearer token or cookie with CSRF header, problem details as errors, one retry after a new sign-in. */

export class ApiError extends Error {
  /** `status` 0 means that the server was not reached; `problem` is the RFC 9457 body. */
  constructor(status, problem, etag = null) {
    super(problem.detail || problem.title || `HTTP ${status}`);
    Object.assign(this, { status, problem, etag });
  }

  get fields() {
    return this.problem.errors ?? (this.problem.field ? [{ field: this.problem.field, detail: this.message }] : []);
  }
}

export class Api {
  /**
   * `base` is the address of the API without a slash at its end. With `token` no cookie is sent. `onExpired` is asked once for a
   * request that was refused as not signed in; when it resolves true the request is sent again.
   */
  constructor({ base = "/api/v1", token = null, csrf = null, onExpired = null } = {}) {
    Object.assign(this, { base, token, csrf, onExpired });
  }

  url(path) {
    return new URL(this.base + path, document.baseURI).href;
  }

  headers(extra = {}) {
    const headers = { Accept: "application/json, application/problem+json", ...extra };
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    else if (this.csrf) headers["X-CSRF-Token"] = this.csrf;
    return headers;
  }

  get credentials() {
    return this.token ? "omit" : "same-origin";
  }

  /** The raw Response; throws ApiError for anything but 2xx. */
  async send(method, path, { body, headers = {}, signal, retried = false, quiet = false } = {}) {
    const json = body !== undefined && !(body instanceof Blob);
    const answer = await fetch(this.url(path), {
      method, signal, credentials: this.credentials, cache: "no-store",
      headers: this.headers({ ...(json ? { "Content-Type": "application/json" } : {}), ...headers }),
      body: json ? JSON.stringify(body) : body,
    }).catch((error) => {
      if (error.name === "AbortError") throw error;
      throw new ApiError(0, { title: "offline" });
    });
    if (answer.ok) return answer;
    if (answer.status === 401 && !retried && !quiet && this.onExpired && (await this.onExpired())) {
      return this.send(method, path, { body, headers, signal, retried: true });
    }
    throw new ApiError(answer.status, await problemOf(answer), answer.headers.get("ETag"));
  }

  /** The parsed body, or null for an empty one. */
  async call(method, path, options = {}) {
    const answer = await this.send(method, path, options);
    return answer.status === 204 ? null : answer.json();
  }

  get(path, options) {
    return this.call("GET", path, options);
  }

  /** `{data, etag}` of something that can be edited under If-Match. */
  async getWithTag(path, options) {
    const answer = await this.send("GET", path, options);
    return { data: await answer.json(), etag: answer.headers.get("ETag") };
  }

  /** A POST that creates: `key` makes a repeated call harmless; give the same key for the same intention. */
  post(path, body = {}, { key = newKey(), ...options } = {}) {
    return this.call("POST", path, { body, ...options, headers: { "Idempotency-Key": key, ...options.headers } });
  }

  put(path, body, { etag = null, ...options } = {}) {
    return this.call("PUT", path, { body, ...options, headers: etag ? { "If-Match": etag } : {} });
  }

  patch(path, body, options) {
    return this.call("PATCH", path, { body, ...options });
  }

  delete(path, options) {
    return this.call("DELETE", path, options);
  }

  /** Shows a picture of the API in `image`: by address with a cookie, as an object URL with a token (headers cannot ride on <img>). */
  async show(image, path) {
    if (!this.token) {
      image.src = this.url(path);
      return;
    }
    const blob = await (await this.send("GET", path)).blob();
    if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(blob);
  }
}

async function problemOf(answer) {
  try {
    return await answer.json();
  } catch {
    return { title: answer.statusText || `HTTP ${answer.status}` };
  }
}

/** A random key; works outside secure contexts too, where randomUUID is missing. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Query string of the filled values: {a: 1, b: ""} -> "?a=1". */
export function query(values) {
  const filled = Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined && value !== false);
  return filled.length ? `?${new URLSearchParams(filled)}` : "";
}
