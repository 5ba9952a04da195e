// The session as all tabs hold it: {token, refresh, until, ahead, key}, times in ms since 1970. In IndexedDB, where one
// transaction is ordered after the one before, whichever tab it came from. localStorage is not: what one tab has written
// another may read only later, even when it got the lock from it. Nothing here knows what a session is good for.

const DATABASE = "throughline";
const SHELF = "kept";
const SESSION = "session";
const TURN = "turn";
const BEFORE = ["throughline.session", "throughline.token"]; // in localStorage, as pages of before kept it

let now = null;

/** step(shelf, tell) in one transaction of its own; resolves to what was told, once it is stored. */
function inDatabase(step) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1); // throws where storage is denied
    opening.onupgradeneeded = () => opening.result.createObjectStore(SHELF);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      let told = null;
      const close = (settle, value) => { database.close(); settle(value()); };
      try {
        const transaction = database.transaction(SHELF, "readwrite");
        transaction.oncomplete = () => close(resolve, () => told);
        transaction.onabort = () => close(reject, () => transaction.error);
        step(transaction.objectStore(SHELF), (value) => { told = value; });
      } catch (error) {
        close(reject, () => error);
      }
    };
  });
}

/** What is kept under the name becomes next(what is kept), and no tab comes between; resolves to what it became. */
function change(name, next) {
  return inDatabase((shelf, tell) => {
    const asked = shelf.get(name);
    asked.onsuccess = () => {
      const kept = asked.result ?? null;
      const after = next(kept);
      tell(after);
      if (after === kept) return;
      if (after) shelf.put(after, name); else shelf.delete(name);
    };
  });
}

/** What is in localStorage: of a page of before, or of a visit on which there was no database. */
function leftBehind() {
  try {
    const [session, token] = BEFORE.map((name) => JSON.parse(localStorage.getItem(name)));
    return session ?? (token ? { token: null, refresh: token } : null);
  } catch {
    return null; // Not readable: as if it had not been there.
  }
}

function leaveBehind(session) {
  try {
    BEFORE.forEach((name) => localStorage.removeItem(name));
    if (session) localStorage.setItem(BEFORE[0], JSON.stringify(session));
  } catch {
    // Storage is denied or full: this visit goes on from memory.
  }
}

const later = (one, other) => (!other || (one && (one.until ?? 0) >= (other.until ?? 0)) ? one : other);

export const held = {
  /** The session as this tab saw it last; another one may have changed it since. */
  get now() { return now; },

  /** The session becomes next(the session), and no tab comes between; resolves to what it became. */
  async change(next) {
    const left = leftBehind();
    try {
      now = await change(SESSION, (kept) => next(later(kept, left)));
      if (left) leaveBehind(null);
    } catch {
      now = next(left ?? now);
      leaveBehind(now);
    }
    return now;
  },
  read: () => held.change((session) => session),
  write: (session) => held.change(() => session),

  /** Whether it is this one's turn from now on, for so long at most; where there is no database, it always is. */
  async turn(mine, lastsMs) {
    const free = (turn) => !turn || turn.until < Date.now() || turn.until > Date.now() + lastsMs; // the clock was set
    const got = await change(TURN, (turn) => (free(turn) ? { mine, until: Date.now() + lastsMs } : turn)).catch(() => ({ mine }));
    return got.mine === mine;
  },
  /** This one's turn is over. */
  over: (mine) => change(TURN, (turn) => (turn?.mine === mine ? null : turn)).catch(() => {}),

  /** Forgets it, and the database with it. */
  wipe() {
    now = null;
    leaveBehind(null);
    return new Promise((resolve) => {
      try {
        const deleting = indexedDB.deleteDatabase(DATABASE); // after whatever other tabs do with it at the moment
        deleting.onsuccess = deleting.onerror = () => resolve();
      } catch {
        resolve(); // There was none.
      }
    });
  },
};
