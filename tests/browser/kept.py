"""What a page has kept in its browser: the session that its tabs share, and the names of everything that is there."""

from typing import Any

from playwright.sync_api import Page

SESSION = """async () => {
  const known = (await indexedDB.databases()).some((one) => one.name === 'throughline');
  if (!known) return null; // to look must not make one
  const database = await new Promise((resolve, reject) => {
    const opening = indexedDB.open('throughline');
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
  const asked = database.transaction('kept').objectStore('kept').get('session');
  const found = await new Promise((resolve) => { asked.onsuccess = () => resolve(asked.result ?? null); });
  database.close();
  return found;
}"""
EVERYTHING = """async () => ({
  local: Object.keys(localStorage),
  session: Object.keys(sessionStorage),
  databases: (await indexedDB.databases()).map((one) => one.name),
  caches: await caches.keys(),
  cookies: document.cookie,
})"""
NOTHING: dict[str, Any] = {"local": [], "session": [], "databases": [], "caches": [], "cookies": ""}


def session(page: Page) -> dict[str, Any]:
    """The session: token, refresh, and until when. Fails when there is none."""
    found: dict[str, Any] | None = page.evaluate(SESSION)
    assert found is not None
    return found


def everything(page: Page) -> dict[str, Any]:
    """The names of all that this origin holds in the browser, by the kind of place; see NOTHING."""
    found: dict[str, Any] = page.evaluate(EVERYTHING)
    return found
