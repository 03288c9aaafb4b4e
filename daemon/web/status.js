// The status page: asks the API every few seconds and changes what has changed.
import {drawCycles, drawDelays} from "./charts.js";
import {at, fill, make, say} from "./dom.js";
import {causes, duration, moment, seconds, since} from "./text.js";
import {closeSearch, nameOf, startSearch} from "./user.js";

const every = 10_000, patience = 8_000, shown = 100;
let latest = null, asked = 0;

async function ask(path) {
  const answer = await fetch(path, {headers: {accept: "application/json"}, signal: AbortSignal.timeout(patience)});
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(body.error || `${path}: ${answer.status}`), {status: answer.status});
  return body;
}

const figure = (key, text) => say(document.querySelector(`[data-figure="${key}"]`), text);
const sum = numbers => numbers.reduce((a, b) => a + b, 0);
const usages = domain => Object.entries(domain.usages).filter(([usage]) => !at("usage").value || usage === at("usage").value).map(([, u]) => u);
const first = times => times.filter(Boolean).sort()[0] || null;
const last = times => times.filter(Boolean).sort().at(-1) || null;

function chosen(domains) {
  const wanted = at("domain").value;
  return domains.filter(domain => !wanted || domain.domain === wanted);
}

function showDomains(domains) {
  const select = at("domain"), had = select.value;
  const names = domains.map(domain => domain.domain);
  if (JSON.stringify(names) === select.dataset.names) return;
  select.dataset.names = JSON.stringify(names);
  select.replaceChildren(make("option", {value: "", textContent: "all"}), ...names.map(n => make("option", {value: n, textContent: n})));
  select.value = names.includes(had) ? had : "";
}

// Alerts leave out usages that are never written back; the cards count every key, as keysync_keys does.
function showCards(domains, now) {
  const all = domains.flatMap(domain => Object.values(domain.usages));
  const overdue = sum(all.map(usage => usage.keys.overdue));
  figure("overdue", String(overdue));
  at("card-overdue").classList.toggle("some", overdue > 0);
  figure("pending", String(sum(all.map(usage => usage.keys.pending))));
  figure("longest", since(first(domains.map(domain => domain.oldest_pending_registration)), now));
  figure("last-write", domains.some(d => d.last_write) ? `${since(last(domains.map(d => d.last_write)), now)} ago` : "–");
  const next = first(domains.map(domain => domain.next_cycle));
  figure("next-write", !next ? "–" : seconds(next) > now ? `in ${duration(seconds(next) - now)}` : "due");
  const measured = sum(all.map(usage => usage.delay.count));
  const bounds = domains.map(domain => firstBound(domain));
  const within = sum(domains.flatMap((domain, i) => Object.values(domain.usages).map(({delay}) =>
    sum(delay.counts.filter((_, bucket) => delay.bounds[bucket] <= bounds[i])))));
  figure("within-label", new Set(bounds).size === 1 ? `Within ${duration(bounds[0])}` : "Within one cycle");
  figure("within", measured ? `${(100 * within / measured).toFixed(1)} %` : "–");
}

// What the histogram tells exactly about the first cycle: nothing is guessed inside a bucket.
function firstBound(domain) {
  const bounds = domain.usages.NGC.delay.bounds;
  return bounds.find(bound => bound >= domain.cycle_seconds) ?? bounds.at(-1);
}

function showDelays(domains) {
  const parts = domains.flatMap(usages);
  if (!parts.length) return;
  const bounds = parts[0].delay.bounds;
  const counts = parts[0].delay.counts.map((_, i) => sum(parts.map(part => part.delay.counts[i])));
  const cycles = new Set(domains.map(domain => domain.cycle_seconds));
  drawDelays(bounds, counts, cycles.size === 1 ? [...cycles][0] : 0);
  const total = sum(counts);
  let before = 0;
  fill(at("delay-table"), counts.map((count, i) => {
    before += count;
    return [i < bounds.length ? duration(bounds[i]) : "more", {text: count, className: "number"},
            {text: total ? `${(100 * before / total).toFixed(1)} %` : "–", className: "number"}];
  }), "");
}

function showCycles(cycles, now) {
  const views = chosen(cycles);
  // The last 48 cycles: a day, at Connect's half hour.
  const from = now - 48 * Math.max(1, ...views.map(view => view.configured_seconds));
  const bursts = views.flatMap(view => view.bursts.map(b => ({...b, domain: view.domain, at: seconds(b.first)}))).filter(b => b.at >= from).sort((a, b) => a.at - b.at);
  // Lines of several domains could not be told apart.
  const single = views.length === 1 && views[0].bursts.length ? views[0] : null;
  const back = period => {
    const times = [];
    if (single && period) for (let t = seconds(single.bursts.at(-1).first); t > from && times.length < 200; t -= Math.max(1, period)) times.push(t);
    return times;
  };
  const observed = back(single?.observed_seconds);
  // Where the observed cycle is the configured one, one line says both.
  const differs = !observed.length || Math.abs(single.observed_seconds - single.configured_seconds) > 0.1 * single.configured_seconds;
  const configured = differs ? back(single?.configured_seconds) : [];
  const next = seconds(first(views.map(view => view.next))) || 0;
  drawCycles(bursts, observed, configured, next, now, from);
  showLegend([["written", "keys written"], observed.length && ["observed", "cycles, as observed"],
              configured.length && ["configured", "cycles, as configured"], ["now", "now"], next && ["next", "next write expected"]].filter(Boolean));
  fill(at("cycle-table"), [...bursts].reverse().map(b => [b.domain, {text: moment(b.first), className: "time"}, {text: moment(b.last), className: "time"},
    {text: b.keys, className: "number"}]), "No key was written in this time.");
  say(at("cycle-note"), views.map(view => `${view.domain}: configured ${duration(view.configured_seconds)}, ` + (view.observed_seconds
    ? `observed ${duration(view.observed_seconds)} ± ${duration(view.uncertainty_seconds)}` : "too few writes to see a cycle")).join(" · "));
}

function showLegend(entries) {
  const legend = at("cycle-legend"), sign = JSON.stringify(entries);
  if (legend.dataset.sign === sign) return;
  legend.dataset.sign = sign;
  legend.replaceChildren(...entries.map(([className, textContent]) => make("li", {className, textContent})));
}

function showSources(sources, now) {
  fill(at("sources"), sources.map(source => [source.source, source.domain || "–", {text: source.server || "–", name: true},
    {text: (source.up ? "yes" : "no") + (source.last_success ? `, ${since(source.last_success, now)} ago` : ", never yet"), className: source.up ? "good" : "bad"}]), "No sources.");
}

function showStates(domains) {
  const states = Object.keys(domains[0]?.usages.NGC?.keys ?? {});
  const head = at("states").tHead, sign = states.join();
  if (head.dataset.sign !== sign) {
    head.dataset.sign = sign;
    head.replaceChildren(make("tr", {}, ...["Domain", "Usage", ...states].map((text, i) => make("th", {scope: "col", textContent: text, className: i > 1 ? "number" : ""}))));
  }
  fill(at("states"), domains.flatMap(domain => Object.entries(domain.usages).map(([usage, u]) =>
    [domain.domain, usage, ...states.map(state => ({text: u.keys[state], className: "number"}))])), "No domain has been read yet.");
}

function showWaiting(pages, domains, now) {
  const keys = pages.flatMap(page => page.keys).sort((a, b) => (a.registered_at < b.registered_at ? -1 : 1));
  fill(at("waiting"), keys.map(key => [{text: nameOf(key.user), name: true}, key.user.domain || "–", key.usage, {text: moment(key.registered_at), className: "time"},
    {text: since(key.registered_at, now), className: "time"},
    {text: key.state + (key.cause ? `: ${causes[key.cause][0]}` : ""), className: key.state === "overdue" ? "bad" : ""}]), "Nobody waits.");
  const all = sum(domains.flatMap(d => Object.values(d.usages).map(u => u.keys.pending + u.keys.overdue)));
  say(at("waiting-note"), all > keys.length ? `${keys.length} of ${all} are shown; the API pages through all of them.` : "");
}

function showHealth(status) {
  const down = status.sources.filter(source => !source.up).length;
  say(at("health"), status.not_ready ? `not ready: ${status.not_ready}` : down ? `${down} of ${status.sources.length} sources down` : "all sources are read",
      `pill ${status.not_ready ? "warn" : down ? "bad" : "good"}`);
  document.title = at("card-overdue").classList.contains("some") ? `(${document.querySelector('[data-figure="overdue"]').textContent}) keysyncd` : "keysyncd";
}

function render() {
  if (!latest) return;
  const {status, pages, cycles} = latest, now = seconds(status.now), domains = chosen(status.domains);
  showCards(domains, now);
  showDelays(domains);
  showCycles(cycles, now);
  showSources(status.sources, now);
  showStates(domains);
  if (status.users_shown) showWaiting(pages, domains, now);
  else fill(at("waiting"), [], "Pages about users are closed on this server.");
  showHealth(status);
  say(at("version"), `keysyncd ${status.version}`);
}

async function refresh() {
  const mine = ++asked;  // an answer to an older question must not come out on top: the domain may be another by now
  try {
    const status = await ask("api/v1/status");
    showDomains(status.domains);
    if (!status.users_shown) closeSearch();
    const domain = at("domain").value ? `&domain=${encodeURIComponent(at("domain").value)}` : "";
    const list = state => (status.users_shown ? ask(`api/v1/keys?state=${state}&limit=${shown}${domain}`) : {keys: []});
    const [overdue, pending, cycles] = await Promise.all([list("overdue"), list("pending"), ask("api/v1/cycles")]);
    if (mine !== asked) return;
    latest = {status, pages: [overdue, pending], cycles: cycles.cycles};
    render();
    at("trouble").hidden = true;
    say(at("updated"), `as of ${new Date(status.now).toLocaleTimeString()}`);
    document.body.dataset.refreshed = status.now;
  } catch (error) {
    if (mine !== asked) return;
    say(at("trouble"), `No answer from keysyncd; the figures are old. (${error.message})`);
    at("trouble").hidden = false;
  }
}

async function loop() {
  if (!document.hidden) await refresh();
  setTimeout(loop, every);
}

for (const id of ["domain", "usage"]) at(id).addEventListener("change", id === "domain" ? refresh : render);
at("waiting").className = at("sources").className = "cards";
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", render);
new ResizeObserver(render).observe(at("main"));
document.addEventListener("visibilitychange", () => document.hidden || refresh());
startSearch(ask);
loop();
