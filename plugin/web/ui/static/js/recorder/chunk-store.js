/** What has been recorded but perhaps not sent, kept in IndexedDB: a closed tab or a crash loses at most the last second. */

const NAME = "sopwright-recordings";

function wait(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function open() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("recordings", { keyPath: "id" });
    request.result.createObjectStore("chunks", { keyPath: ["recording", "start"] });
  };
  return wait(request);
}

/** One recording: its row `{id, started_at, metadata, url, size, bytes, seconds, owner}` and its chunks. `owner` keeps two servers apart. */
export class ChunkStore {
  static async create(row) {
    const store = new ChunkStore(await open(), { url: null, size: null, bytes: 0, seconds: 0, ...row });
    await store.save();
    return store;
  }

  /** Recordings of `owner` that have not been sent to their end, newest first. */
  static async unfinished(owner) {
    const database = await open();
    const rows = await wait(database.transaction("recordings").objectStore("recordings").getAll());
    return rows.filter((row) => row.owner === owner && row.bytes > 0).sort((a, b) => b.started_at - a.started_at).map((row) => new ChunkStore(database, row));
  }

  constructor(database, row) {
    this.database = database;
    this.row = row;
  }

  get size() {
    return this.row.size;
  }

  table(name) {
    return this.database.transaction(name, "readwrite", { durability: "relaxed" }).objectStore(name);
  }

  save() {
    return wait(this.table("recordings").put(this.row));
  }

  async append(blob, seconds) {
    await wait(this.table("chunks").put({ recording: this.row.id, start: this.row.bytes, blob }));
    this.row.bytes += blob.size;
    this.row.seconds = seconds;
    await this.save();
  }

  /** No more will come. */
  finish() {
    this.row.size = this.row.bytes;
    return this.save();
  }

  /** At most `most` bytes from `start` on, joined from the chunks; null where nothing is there yet. */
  async read(start, most) {
    if (start >= this.row.bytes) return null;
    const parts = [];
    let length = 0;
    const chunks = this.table("chunks");
    const first = await wait(chunks.openCursor(IDBKeyRange.bound([this.row.id, 0], [this.row.id, start]), "prev"));
    let key = first?.key[1] ?? 0;
    while (length < most && key < this.row.bytes) {
      const chunk = await wait(this.table("chunks").get([this.row.id, key]));
      if (!chunk) break;
      const piece = chunk.blob.slice(Math.max(0, start - key), Math.max(0, start - key) + most - length);
      parts.push(piece);
      length += piece.size;
      key += chunk.blob.size;
    }
    return length ? new Blob(parts) : null;
  }

  /** Frees what the server has acknowledged, when the disk is full. */
  async release(offset) {
    const rows = await wait(this.table("chunks").getAllKeys(IDBKeyRange.bound([this.row.id, 0], [this.row.id, offset - 1])));
    const chunks = this.table("chunks");
    await Promise.all(rows.slice(0, -1).map((key) => wait(chunks.delete(key))));
  }

  async remove() {
    await wait(this.table("chunks").delete(IDBKeyRange.bound([this.row.id, 0], [this.row.id, Number.MAX_SAFE_INTEGER])));
    await wait(this.table("recordings").delete(this.row.id));
  }
}
