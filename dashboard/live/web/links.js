// The page's address as a link to give away: the knobs are in it already, the changes made on the way are added.

/** The address of this page with what was changed when: `changes=1200:d_opt.lr=0.01;1500:loss=hinge`. */
export function settingsLink({ events, planned }) {
  const url = new URL(location.href);
  const changes = [...events.map(({ iteration, what }) => `${iteration}:${what}`), ...planned].join(";");
  if (changes) url.searchParams.set("changes", changes);
  else url.searchParams.delete("changes");
  return url.href;
}

/** Changes in this page's address that the run has not come to yet. */
export function plannedChanges(iteration, events) {
  const done = new Set(events.map((event) => `${event.iteration}:${event.what}`));
  const parts = (new URL(location.href).searchParams.get("changes") ?? "").split(";");
  return parts.filter((part) => part && parseInt(part) >= iteration && !done.has(part));
}

export function watchLink(run) {
  const url = new URL(location.href);
  url.search = new URLSearchParams({ watch: run });
  url.hash = "";
  return url.href;
}

/** Keep the address bar true without adding to the history. */
export function showLink(changes) {
  const href = settingsLink(changes);
  if (href !== location.href) history.replaceState(history.state, "", href);
}

/** Resolves to whether it worked. Pages without HTTPS have no clipboard of their own, hence the second way. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  }
}
