// One socket that comes back by itself: a snapshot, then numbered events; after a gap it asks for a new snapshot.
import { element } from "./format.js";
import { gettext } from "./say.js";

const STALE_AFTER_MS = 8000;
const RECONNECT_AFTER_MS = 20000;
const LONGEST_WAIT_MS = 15000;
const SIGN_IN = 4401;
const GONE = 4404;

const WORDS = {
  live: gettext("live"),
  connecting: gettext("connecting"),
  stale: gettext("not live"),
  "no connection": gettext("no connection"),
  "signed out": gettext("signed out"),
  gone: gettext("no longer shown"),
};

export const liveWord = (state) => WORDS[state];

// It stays until the person goes there: what is shown is old, and no button works.
function askToSignIn() {
  if (document.querySelector("[data-signed-out]")) return;
  const link = element("a", { href: `/login?next=${encodeURIComponent(location.pathname)}` }, gettext("Sign in again"));
  const words = element("b", {}, gettext("You are signed out: this page is no longer up to date."));
  document.querySelector("[data-alerts]").before(element("p", { class: "signed-out", role: "alert", "data-signed-out": "" }, words, " ", link));
}

// The picture after an event: a section comes whole, but of the rows only those that differ.
export function withNews(picture, type, data) {
  if (type === "rows") {
    const rows = new Map(picture.rows.map((row) => [row.id, row]));
    data.gone.forEach((id) => rows.delete(id));
    data.changed.forEach((row) => rows.set(row.id, row));
    return { ...picture, rows: [...rows.values()].sort((one, other) => one.position - other.position) };
  }
  return type in picture ? { ...picture, [type]: data } : picture;
}

export function follow(path, { snapshot, event, state }) {
  let socket = null;
  let seq = null;
  let heardAt = null;
  let attempts = 0;
  let retry = 0;
  let ended = false;

  function open() {
    clearTimeout(retry);
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const mine = new WebSocket(`${scheme}//${location.host}${path}`);
    socket = mine;
    mine.onmessage = (message) => mine === socket && take(JSON.parse(message.data));
    mine.onclose = (close) => mine === socket && closed(close.code);
  }

  function take(news) {
    heardAt = performance.now();
    attempts = 0;
    if (news.type === "snapshot") {
      seq = news.seq;
      snapshot(news.data, news.at);
    } else if (seq !== null && news.seq === seq + 1) {
      seq = news.seq;
      event(news.type, news.data, news.at);
    } else if (seq === null || news.seq > seq) {
      seq = null;
      socket.send(JSON.stringify({ type: "snapshot" }));
    }
    tell();
  }

  function closed(code) {
    socket = null;
    seq = null;
    if (ended) return;
    if (code === SIGN_IN || code === GONE) {
      end(code === SIGN_IN ? "signed out" : "gone");
      return;
    }
    const wait = Math.min(LONGEST_WAIT_MS, 1000 * 2 ** attempts) * (0.5 + Math.random() / 2);
    attempts += 1;
    retry = setTimeout(open, wait);
    tell();
  }

  function end(how) {
    ended = true;
    state(how, age());
    if (how === "signed out") askToSignIn();
    socket?.close();
  }

  const age = () => (heardAt === null ? null : (performance.now() - heardAt) / 1000);

  function tell() {
    if (ended) return;
    const silent = age();
    if (silent === null) state(attempts ? "no connection" : "connecting", null);
    else state(socket !== null && silent * 1000 < STALE_AFTER_MS ? "live" : "stale", silent);
  }

  setInterval(() => {
    // A socket whose other end died says nothing; a new one does.
    if (socket !== null && heardAt !== null && performance.now() - heardAt > RECONNECT_AFTER_MS) {
      const dead = socket;
      heardAt = performance.now() - STALE_AFTER_MS - 1;
      closed(0);
      dead.close();
    }
    tell();
  }, 1000);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && socket === null && !ended) open();
  });
  open();
  return { end };
}
