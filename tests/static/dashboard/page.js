// What the modules find in a page, as far as their pure parts need it.
export function openPage(lang = "en") {
  globalThis.document = { documentElement: { lang } };
}
