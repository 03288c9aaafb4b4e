"""Carries a plan out: a real domain controller, the Entra stand-in, the Connect simulator; and tells the truth what
really happened, above all when each key was written, which it reads from the directory itself."""

import calendar
import random
import time
import uuid

import key_blob
from connect_simulator import ConnectSimulator

from .truth import SECOND, Key

_FOREIGN_SID = "S-1-5-21-1-2-3-"


def now():
    return time.time_ns() // 100


class Estate:
    def __init__(self, plan, dc, tenant, truth):
        self.plan, self.dc, self.tenant, self.truth = plan, dc, tenant, truth
        self.directory = dc.directory
        self.connect = ConnectSimulator(tenant, dc.directory)
        self._random = random.Random(plan.random.random())
        self._users = {}  # name -> {"dn", "upn"}
        self._known_by_id = set()  # users whose two names in Entra were told by one event
        self._facts = {}  # id(PlannedKey) -> (truth.Key, Entra's key or None)
        self._left = {}  # when users were last changed on the domain controller that was left in the middle of a run

    # -- what happens before the daemon's first start --------------------------------------------------------------

    def populate(self, lookback):
        """Users, and the keys of phase 0. `lookback` in seconds, as the daemon is configured."""
        for user in self.plan.users:
            self._create(user)
        for planned in self.plan.in_phase(0):
            self.register(planned)
        self.write_local_keys(0)
        self.synchronise()
        self._observe_anew(now() - round(lookback * SECOND))

    def lose_ledger(self, lookback):
        """To be told while the daemon stands still and its ledger is gone."""
        self._observe_anew(now() - round(lookback * SECOND))

    def _observe_anew(self, baseline_before):
        """Nobody was looking up to now: of several changes of a user the last one counts for all the keys."""
        changed = self._when_changed()
        owners = {id(fact): planned.owner for planned in self.plan.keys
                  for fact, _ in [self._facts.get(id(planned), (None, None))] if fact}
        self.truth.start_afresh(baseline_before,
                                lambda key: changed[self._users[owners[id(key)].name]["dn"]])

    def _create(self, user):
        domain, upn = self.dc.realm, f"{user.name}@{self.dc.realm}"
        if user.role == "cloud_only":
            self.tenant.add_user(upn, synced=False)
            dn = None
        elif user.role == "other_domain":
            self.tenant.add_user(upn, sid=_FOREIGN_SID + str(len(self._users) + 1000), domain="elsewhere.test",
                                 sam=user.name, immutable_id=None)
            dn = None
        else:
            dn = self.directory.add_user(user.name)
            sid, immutable_id = self.directory.identity(dn)
            self.tenant.add_user(upn, sid=sid, immutable_id=immutable_id, sam=user.name, domain=domain, dn=dn,
                                 provisioning_errors=_PROVISIONING_ERRORS if user.role == "provisioning_error" else ())
            if user.role == "protected_account":
                self.directory.protect_user(dn)
            elif user.role == "account_disabled":
                self.directory.set_attributes(dn, userAccountControl=0x200 | 0x2 | 0x20)
            elif user.role == "not_in_directory":
                self.directory.delete_user(dn)
        self._users[user.name] = {"dn": dn, "upn": upn}

    # -- steps of a phase ----------------------------------------------------------------------------------------

    def register(self, planned):
        """The key is born in Entra; its audit event can be read at once, later (release_late_events) or never."""
        created = now() - round(planned.age * SECOND)
        fact = Key(planned.usage, planned.source, created)
        if planned.owner.role in ("normal", *_CAUSES):
            self.truth.add(fact)
            fact.cause = planned.owner.role if planned.owner.role in _CAUSES else "unknown"
        entra_key = None
        if planned.fate == "lost" or planned.withdrawn_ago > 60:
            entra_key = self._register_what_is_gone(planned, fact)
        elif planned.source == "AzureAD":
            self.tenant.hold_events(planned.audit == "late")
            entra_key = self.tenant.register_key(
                self._users[planned.owner.name]["upn"], usage=planned.usage, at=created,
                activity_offset=planned.audit_offset, audit=planned.audit != "lost", names=planned.event_names)
            self.tenant.hold_events(False)
            if planned.audit == "prompt":
                self._announce(planned, fact)
            if "event_id" in entra_key and self._random.random() < 0.2:
                self.tenant.repeat_event(entra_key["event_id"])
        self._facts[id(planned)] = (fact, entra_key)

    def _announce(self, planned, fact):
        """The audit log can show its event now. Where only the directory can tell whose it is, an event without a
        principal name has to wait for one that has both names."""
        fact.announced = fact.created + round(planned.audit_offset * SECOND)
        if planned.owner.role == "not_in_directory":
            fact.findable = False
            return
        if planned.event_names == "both":
            self._known_by_id.add(planned.owner.name)
            for other in self.plan.keys:
                if other.owner is planned.owner and id(other) in self._facts:
                    self._facts[id(other)][0].findable = True
        fact.findable = planned.event_names in ("both", "upn") or planned.owner.name in self._known_by_id

    def _register_what_is_gone(self, planned, fact):
        """Its audit event comes when Entra does not show the key any more. Of a lost one no event tells that."""
        upn = self._users[planned.owner.name]["upn"]
        entra_key = self.tenant.register_key(upn, at=fact.created, audit=False)
        self.tenant.delete_key(entra_key["key_id"], audit=False)
        self.tenant.add_event(upn, "Add Windows Hello for Business credential", at=fact.created, operation="Add")
        self._announce(planned, fact)
        fact.withdrawn, fact.lost = True, planned.fate == "lost"
        if not fact.lost:
            self.tenant.add_event(upn, "Delete Windows Hello for Business credential", operation="Delete",
                                  at=now() - round(planned.withdrawn_ago * SECOND))
        return entra_key

    def forge(self, phase):
        """Somebody writes keys that claim to come from Entra; and some that looked like that turn out to do so."""
        forged = [planned for planned in self.plan.in_phase(phase) if planned.fate == "forged"]
        for planned in forged:
            account = self._users[planned.owner.name]
            fact = self.truth.add(Key(planned.usage, planned.source, now() - round(planned.age * SECOND), forged=True))
            entra_key = self.tenant.register_key(account["upn"], at=fact.created, audit=False)
            self.tenant.forget_key(entra_key["key_id"])
            self._facts[id(planned)] = (fact, entra_key)
            self.directory.add_key(account["dn"], key_blob.with_key_hash(bytes.fromhex(entra_key["blob"])),
                                   as_administrator=True)
        changed = self._when_changed()
        for planned in forged:
            self._facts[id(planned)][0].written = changed[self._users[planned.owner.name]["dn"]]
        for planned in self.plan.keys:
            if planned.fate == "forged" and planned.known_in == phase:
                fact, entra_key = self._facts[id(planned)]
                self.tenant.restore_key(entra_key)
                self.tenant.add_event(self._users[planned.owner.name]["upn"],
                                      "Add Windows Hello for Business credential", at=fact.created, operation="Add")
                fact.forged = False

    def release_late_events(self):
        """The audit log catches up with everything that it had held back."""
        self.tenant.release_events()
        for planned in self.plan.keys:
            if planned.audit == "late" and id(planned) in self._facts:
                self._announce(planned, self._facts[id(planned)][0])

    def withdraw(self, phase):
        """Keys of this phase that are deleted in Entra before they were ever written."""
        for planned in self.plan.in_phase(phase):
            fact, entra_key = self._facts.get(id(planned), (None, None))
            if planned.fate == "withdrawn" and not fact.withdrawn:
                self.tenant.delete_key(entra_key["key_id"], at=now() - round(planned.withdrawn_ago * SECOND))
                fact.withdrawn, fact.ambiguous = True, planned.ambiguous

    def delete_in_entra(self, phase):
        """Keys that are in the directory are deleted in Entra; Connect removes them in its next run."""
        for planned in self.plan.keys:
            if planned.removed_in == phase:
                self.tenant.delete_key(self._facts[id(planned)][1]["key_id"])

    def synchronise(self, before_each_user=None):
        """A Connect run, and the truth about what it wrote and removed."""
        before, self._left = self._when_changed(), {}
        skip = {entra_key["key_id"] for planned in self.plan.keys if planned.fate == "never"
                for _, entra_key in [self._facts.get(id(planned), (None, None))] if entra_key}
        cycle = self.connect.run_cycle(skip, before_each_user)
        self.truth.last_sync = int(calendar.timegm(time.strptime(self.tenant.sync_state()["last_sync"],
                                                                 "%Y-%m-%dT%H:%M:%SZ")))
        changed = self._when_changed()
        changed.update({dn: at for dn, at in self._left.items() if at != before[dn]})
        written = {change["key_id"]: change for change in cycle.written}
        removed = {change["key_id"] for change in cycle.removed}
        for planned in self.plan.keys:
            fact, entra_key = self._facts.get(id(planned), (None, None))
            if entra_key and entra_key["key_id"] in written:
                fact.written = changed[self._users[planned.owner.name]["dn"]]
            if entra_key and entra_key["key_id"] in removed:
                fact.removed = True
        return cycle

    def work_on(self, directory):
        """Connect and everyone else turn to another domain controller, in the middle of a run too. What has been
        written so far keeps the time that the one before shows: the daemon must have read it there."""
        self._left = self._when_changed()
        self.directory = self.connect.directory = directory

    def write_local_keys(self, phase):
        """What an on-premises AD FS writes by itself."""
        written = [planned for planned in self.plan.in_phase(phase) if planned.source == "AD"]
        for planned in written:
            if id(planned) not in self._facts:
                self.register(planned)
            fact, _ = self._facts[id(planned)]
            blob = key_blob.ad_blob(self._random.randbytes(32), key_blob.rsa_material(self._random), fact.created,
                                    planned.usage, uuid.UUID(int=self._random.getrandbits(128)))
            self.directory.add_key(self._users[planned.owner.name]["dn"], blob, as_administrator=True)
        changed = self._when_changed()
        for planned in written:
            self._facts[id(planned)][0].written = changed[self._users[planned.owner.name]["dn"]]

    def rename_and_delete_users(self, phase):
        for user in self.plan.users:
            account = self._users[user.name]
            if user.renamed_in == phase:
                name = f"Renamed, {user.name}: ü"
                account["dn"] = self.directory.rename_user(account["dn"], name, logon_name=f"renamed.{user.name}")
                upn = f"renamed.{user.name}@{self.dc.realm}"
                self.tenant.change_user(account["upn"], userPrincipalName=upn)
                account["upn"] = upn
            if user.deleted_in == phase:
                self.directory.delete_user(account["dn"])
                for planned in self.plan.keys:
                    fact = self._facts.get(id(planned), (None,))[0]
                    if planned.owner is user and fact and fact.written is not None:
                        fact.removed = True

    def make_noise(self):
        """Audit events that mean nothing here: failed attempts, other activities."""
        users = self._random.sample([u for u in self.plan.normal if u.deleted_in is None], 3)
        self.tenant.add_event(self._users[users[0].name]["upn"], "Add Windows Hello for Business credential",
                              result="failure", operation="Add")
        self.tenant.add_event(self._users[users[1].name]["upn"], "Register device")
        self.tenant.add_event(self._users[users[2].name]["upn"], "User registered security info")

    def written_keys(self):
        """(truth.Key, its user's DN) of every key that was written."""
        return [(self._facts[id(planned)][0], self._users[planned.owner.name]["dn"]) for planned in self.plan.keys
                if id(planned) in self._facts and self._facts[id(planned)][0].written is not None]

    def _when_changed(self):
        return when_changed(self.directory)


def when_changed(directory):
    """{DN: ticks} of every user: when it was last changed there, which after a write is the time of that write, or of
    its arrival by replication."""
    return {dn: calendar.timegm(time.strptime(values["whenChanged"][0].decode(), "%Y%m%d%H%M%S.0Z")) * SECOND
            for dn, values in directory.search("(objectClass=user)", ["whenChanged"])}


_CAUSES = ("protected_account", "account_disabled", "provisioning_error", "not_in_directory")
_PROVISIONING_ERRORS = [{"category": "PropertyConflict", "occurredDateTime": "2026-01-01T00:00:00Z",
                         "propertyCausingError": "ProxyAddresses", "value": "smtp:someone@corp.test"}]
