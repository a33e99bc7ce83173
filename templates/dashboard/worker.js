// Keeps the shell of the driver's page, never an answer of the API: who is offline sees that, and nothing old.
const SHELL = {{ shell|safe }};
const ICON = "{{ icon }}";
const KEPT = "evb-shell-{{ version }}";

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(SHELL)));
});

self.addEventListener("activate", (event) => {
  const old = (names) => names.filter((name) => name.startsWith("evb-shell-") && name !== KEPT);
  event.waitUntil(caches.keys().then((names) => Promise.all(old(names).map((name) => caches.delete(name)))));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const path = new URL(request.url).pathname;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match(SHELL[0])));
  } else if (request.method === "GET" && SHELL.includes(path)) {
    event.respondWith(fetch(request).catch(() => caches.match(path)));
  }
});

// What the server sent is shown as it is: it was written in the reader's language. The same news again take their own place.
self.addEventListener("push", (event) => {
  const news = event.data?.json() ?? {};
  const options = { body: news.text, tag: news.tag, icon: ICON, badge: ICON, data: { path: news.path } };
  event.waitUntil(self.registration.showNotification(news.title ?? "EV Balancer", options));
});

// The page that is open already comes to the front; else it is opened.
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const address = new URL(event.notification.data?.path ?? "/my", self.location.origin).href;
  event.waitUntil((async () => {
    const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const open = pages.find((page) => new URL(page.url).pathname === new URL(address).pathname);
    if (!open) return self.clients.openWindow(address);
    await open.focus();
    return open.navigate(address).catch(() => null);
  })());
});
