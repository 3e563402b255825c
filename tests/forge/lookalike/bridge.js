/* Stands where Forge puts its own bridge: what the app asks goes to the page around the frame and comes back. */
(() => {
  const waiting = new Map();
  let number = 0;
  addEventListener("message", ({ data, source }) => {
    if (source !== parent || !data || !waiting.has(data.answerTo)) return;
    const { resolve, reject } = waiting.get(data.answerTo);
    waiting.delete(data.answerTo);
    if (data.error) reject(new Error(data.error));
    else resolve(data.value);
  });
  globalThis.__bridge = {
    callBridge: (command, payload) => new Promise((resolve, reject) => {
      number += 1;
      waiting.set(number, { resolve, reject });
      parent.postMessage({ ask: number, command, payload: payload === undefined ? null : JSON.parse(JSON.stringify(payload)) }, "*");
    }),
  };
})();
