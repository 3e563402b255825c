/** The one catalogue of words. t(name, {n: 3}) fills {n}; a text "one|many" is chosen by n under the rules of the language. */

const catalogue = await fetch(new URL("../strings.en.json", import.meta.url)).then((answer) => answer.json());
const plural = new Intl.PluralRules("en");

export function t(key, values = {}) {
  const text = catalogue[key];
  if (text === undefined) throw new Error(`No string named ${key}`);
  const forms = text.split("|");
  const form = forms.length > 1 && "n" in values && plural.select(values.n) !== "one" ? forms[1] : forms[0];
  return form.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** The words for a value of an open set (a stage, a state); the value itself where the catalogue has none. */
export function word(prefix, value) {
  return catalogue[`${prefix}.${value}`] ?? String(value).replaceAll(/[-_]/g, " ");
}
