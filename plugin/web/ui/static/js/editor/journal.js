/** What was typed and is not on the server yet, written to this browser at every change: a crash or an expired session loses nothing. */

const PREFIX = "sopwright:journal:";

export class Journal {
  constructor(sopId) {
    this.key = PREFIX + sopId;
  }

  /** `{etag, base, document, at_ms}` or null; `base` is what the server had under `etag`. */
  read() {
    try {
      return JSON.parse(localStorage.getItem(this.key));
    } catch {
      return null;
    }
  }

  /** False where this browser keeps nothing (no space, or forbidden); the page says so. */
  write({ etag, base, model }) {
    try {
      localStorage.setItem(this.key, JSON.stringify({ etag, base, document: model.document, at_ms: Date.now() }));
      return true;
    } catch {
      return false;
    }
  }

  clear() {
    localStorage.removeItem(this.key);
  }
}
