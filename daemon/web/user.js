// The search box: one user, the keys, why they wait and when to try again.
import {at, fill, make, name, say} from "./dom.js";
import {causes, duration, moment, seconds, visible} from "./text.js";

const best = user => user.user_principal_name || user.sam_account_name || user.dn || user.entra_id || user.object_guid || "–";
export {best as nameOf};

function expected(person) {
  if (person.blocked_by) return "No write is to be expected before this is mended.";
  const next = person.next_write;
  if (!next) return null;
  const unsure = duration(next.uncertainty_seconds);
  return `Next write expected at ${moment(next.at)}, give or take ${unsure}` + (next.observed ? "." : " (by the configured cycle; none observed yet).");
}

function keyRow(key) {
  const written = key.written_at && (key.precision === "exact" ? moment(key.written_at)
                                                              : `${moment(key.written_earliest)} to ${moment(key.written_at)}`);
  const waits = ["pending", "overdue"].includes(key.state);
  return [key.state + (key.findings.length ? ` (suspicious: ${key.findings.join(", ")})` : ""), key.usage, {text: key.device_id || "–", name: true},
          moment(key.registered_at), waits ? "not yet" : written || "–",
          waits ? `${duration(Date.now() / 1000 - seconds(key.registered_at))} so far` : key.delay_seconds === null ? "–" : duration(key.delay_seconds),
          key.missed_cycles];
}

function card(person) {
  const title = make("h3", {}, name(best(person.user)));
  const box = make("div", {className: "person"}, title);
  const facts = [person.user.domain, person.user.sam_account_name, person.user.object_sid].filter(Boolean).map(visible).join(" · ");
  box.append(make("p", {className: "quiet"}, make("bdi", {textContent: facts})));
  if (person.user.dn) box.append(make("p", {className: "quiet"}, name(person.user.dn)));
  for (const [cause, advice] of new Map(person.keys.filter(key => key.cause).map(key => [key.cause, key.advice])))
    box.append(make("p", {className: "bad", textContent: causes[cause][0] + "."}), make("p", {textContent: advice}));
  for (const other of person.keys.flatMap(key => key.shared_with ?? []))
    box.append(make("p", {className: "bad"}, "The same key stands at ", name(best(other))));
  const when = expected(person);
  if (when) box.append(make("p", {textContent: when}));
  const table = make("table", {className: "cards"}, make("thead", {}, make("tr", {}, ...["State", "Usage", "Device", "Registered", "Written", "Delay", "Missed cycles"].map(
    text => make("th", {scope: "col", textContent: text})))), make("tbody"));
  fill(table, person.keys.map(keyRow), "No keys.");
  box.append(make("div", {className: "scroll"}, table));
  return box;
}

export function startSearch(ask) {
  let searches = 0;
  at("find").addEventListener("submit", async event => {
    event.preventDefault();
    const wanted = at("name").value.trim();
    if (!wanted) return;
    const found = at("found"), mine = ++searches;  // only the last search is answered
    try {
      const answer = await ask(`api/v1/users/${encodeURIComponent(wanted)}`);
      if (mine === searches) found.replaceChildren(...answer.users.map(card));
    } catch (error) {
      if (mine === searches) found.replaceChildren(make("p", {className: error.status === 404 ? "quiet" : "bad", textContent: error.message}));
    }
  });
}

export function closeSearch() {
  at("find").hidden = true;
  say(at("found"), "Pages about users are closed on this server.", "quiet");
}
