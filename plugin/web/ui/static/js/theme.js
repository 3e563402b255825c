/* Loaded before the first paint (not a module), so that a chosen colour scheme never flashes. */
(() => {
  const stored = localStorage.getItem("sopwright:theme");
  if (stored) document.documentElement.dataset.theme = stored;
})();
