// Web push in this browser: whether it can, whether it does, and the subscription that the server needs to reach it.

export const canPush = () => "serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis;

// One worker serves /my and the back office: a subscription belongs to it, not to a page.
const worker = () => navigator.serviceWorker.register("/worker.js", { scope: "/my" });

// { endpoint, keys } that was made before, or null.
export async function current() {
  const subscription = await (await worker()).pushManager.getSubscription();
  return subscription?.toJSON() ?? null;
}

// Asks the person, where they were not asked before. Null when they refuse; throws when the browser has no push service.
export async function subscribe(publicKey) {
  if ((await Notification.requestPermission()) !== "granted") return null;
  const registration = await worker();
  await navigator.serviceWorker.ready;
  const options = { userVisibleOnly: true, applicationServerKey: bytesOf(publicKey) };
  let subscription;
  try {
    subscription = await registration.pushManager.subscribe(options);
  } catch (error) {
    // Of another key: the server got a new one.
    const old = error.name === "InvalidStateError" ? await registration.pushManager.getSubscription() : null;
    if (!old) throw error;
    await old.unsubscribe();
    subscription = await registration.pushManager.subscribe(options);
  }
  return subscription.toJSON();
}

// By which the server's list names this browser.
export async function digestOf(endpoint) {
  const found = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint));
  return [...new Uint8Array(found)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function bytesOf(base64url) {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
