// Text from figures and from outside. Nothing here makes markup: what comes from outside only ever becomes text nodes.

// Characters that reorder or hide text are shown by their number instead.
const hidden = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
export const visible = text =>
  text.replace(hidden, c => `⟨U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);

export function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.round(s / 60)} min`;
  const [large, small, units] = s < 86400 ? [Math.floor(s / 3600), Math.floor(s % 3600 / 60), ["h", "min"]]
                                          : [Math.floor(s / 86400), Math.floor(s % 86400 / 3600), ["d", "h"]];
  return `${large} ${units[0]}` + (small ? ` ${small} ${units[1]}` : "");
}

export const seconds = time => Date.parse(time) / 1000;
export const since = (time, now) => (time ? duration(now - seconds(time)) : "–");

export function moment(time) {
  if (!time) return "–";
  const at = new Date(time);
  const today = at.toDateString() === new Date().toDateString();
  return at.toLocaleString(undefined, today ? {timeStyle: "medium"} : {dateStyle: "short", timeStyle: "short"});
}

export const causes = {
  sync_stalled: ["No key of anyone is written", "See that Entra Connect runs: Get-ADSyncScheduler on its server."],
  protected_account: ["A protected account (adminCount=1)", "The connector account may not write it: grant it on AdminSDHolder, or take the account out of the protected groups."],
  not_in_directory: ["No such account in the domains that are read", "A cloud-only user, a domain that is not configured, or an immutable ID that fits no account."],
  account_disabled: ["The account is disabled", "Enable it, or tell its owner."],
  provisioning_error: ["Entra ID records a provisioning error", "See the user's provisioning errors in the Entra admin center."],
  unknown: ["Cause not known", "See whether Entra Connect has the user in scope and the outbound rule for msDS-KeyCredentialLink is enabled."],
};
