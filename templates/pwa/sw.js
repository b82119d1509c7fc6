// Keeps the files that every page needs under their hashed names, and the page that says that there is
// no connection. Nothing private is kept.

const PREFIX = "chatscape-";
const CACHE = `${PREFIX}{{ version }}`;
const FILES = {{ precache_json|safe }};
const ADDRESSES = new Set(FILES.map((url) => new URL(url, location.href).href));
const OFFLINE = "{{ offline_url }}";

self.addEventListener("install", (event) => {
  // All or nothing: half a shell would be worse than the old one.
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES.map((url) => new Request(url, { cache: "reload" })))));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(tidy().then(() => self.clients.claim()));
});

self.addEventListener("message", (event) => {
  // Only when the person has said so: a page in use is not replaced.
  if (event.data === "skipWaiting") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  // Files may come from another origin; of its pages this worker knows nothing.
  if (ADDRESSES.has(request.url) && request.mode !== "navigate") event.respondWith(kept(request));
  else if (request.mode === "navigate" && new URL(request.url).origin === location.origin) event.respondWith(fetch(request).catch(() => offline()));
});

async function tidy() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)));
}

async function kept(request) {
  const cache = await caches.open(CACHE);
  // A hashed name means one content, whatever the answer varies by.
  return (await cache.match(request, { ignoreVary: true })) ?? fetch(request);
}

async function offline() {
  const cache = await caches.open(CACHE);
  return (await cache.match(OFFLINE)) ?? Response.error();
}
