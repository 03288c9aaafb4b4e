"""The tenant: users, their keys, the audit log, the sync state. No HTTP here. Every public method may be called from any
thread, and by name over the control port; arguments and results are JSON values.
"""

import base64
import hashlib
import json
import os
import random
import threading
import uuid

import key_blob

from . import times

ACTIVITIES = {
    ("NGC", "add"): "Add Windows Hello for Business credential",
    ("NGC", "delete"): "Delete Windows Hello for Business credential",
    ("FIDO", "add"): "Add FIDO2 security key",
    ("FIDO", "delete"): "Delete FIDO2 security key(s)",
}


class Tenant:
    def __init__(self, state_file=None, seed=None):
        self._lock = threading.RLock()
        self._state_file = state_file
        self._random = random.Random(seed)
        self._users = {}
        self._keys = {}
        self._events = []
        self._sync = {"sync_enabled": True, "last_sync": None, "last_password_sync": None}
        self._display = {"method_id_form": "url_token", "disorder": None, "hold": False}
        if state_file and os.path.exists(state_file):
            with open(state_file, encoding="utf-8") as file:
                state = json.load(file)
            self._users, self._keys, self._events = state["users"], state["keys"], state["events"]
            self._sync, self._display = state["sync"], state["display"]

    def save(self):
        """Called at the end; a state file makes the tenant survive a restart."""
        if not self._state_file:
            return
        with self._lock:
            state = {"users": self._users, "keys": self._keys, "events": self._events, "sync": self._sync,
                     "display": self._display}
            with open(self._state_file + ".new", "w", encoding="utf-8") as file:
                json.dump(state, file)
            os.replace(self._state_file + ".new", self._state_file)

    # Users

    def add_user(self, upn, sid=None, immutable_id=None, sam=None, domain=None, dn=None, object_id=None, synced=True,
                 provisioning_errors=(), display_name=None):
        with self._lock:
            user = {
                "id": object_id or str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
                "userPrincipalName": upn,
                "displayName": display_name or upn.split("@")[0],
                "accountEnabled": True,
                "onPremisesSyncEnabled": True if synced else None,
                "onPremisesSecurityIdentifier": sid if synced else None,
                "onPremisesImmutableId": immutable_id if synced else None,
                "onPremisesSamAccountName": sam if synced else None,
                "onPremisesDomainName": domain if synced else None,
                "onPremisesDistinguishedName": dn if synced else None,
                "onPremisesUserPrincipalName": upn if synced else None,
                "onPremisesLastSyncDateTime": times.text(times.now(), 0) if synced else None,
                "onPremisesProvisioningErrors": list(provisioning_errors),
            }
            self._users[user["id"]] = user
            return dict(user)

    def change_user(self, user, **members):
        """Sets members by their Graph names, for example userPrincipalName after a rename."""
        with self._lock:
            entity = self._find_user(user)
            entity.update(members)
            return dict(entity)

    def delete_user(self, user):
        """The user and all keys are gone from Entra; Connect removes nothing from a user that AD has lost too."""
        with self._lock:
            entity = self._users.pop(self._find_user(user)["id"])
            for key in self._keys.values():
                if key["user_id"] == entity["id"] and key["deleted_at"] is None:
                    key["deleted_at"] = times.text(times.now())
                    key["removal_exported"] = True
            return dict(entity)

    def user(self, user):
        """By object id or userPrincipalName; None when unknown."""
        with self._lock:
            found = self._users.get(user)
            if found is None:
                wanted = user.lower()
                found = next((u for u in self._users.values() if u["userPrincipalName"].lower() == wanted), None)
            return dict(found) if found else None

    def users(self):
        with self._lock:
            return [dict(user) for user in self._users.values()]

    def _find_user(self, user):
        found = self.user(user)
        if found is None:
            raise KeyError(f"no user {user!r}")
        return self._users[found["id"]]

    # Keys

    def register_key(self, user, usage="NGC", at=None, activity_offset=0.0, audit_delay=0.0, device_id=None,
                     names="both", audit=True, key_id=None, cki="01000000", strength="normal"):
        """A key is born. `at`: its KeyCreationTime, now by default; the audit event's activityDateTime is
        `activity_offset` seconds later and can be read `audit_delay` seconds after that by this host's clock.
        `names`: how the event names the user: both | upn | initiator (target id null) | id. audit=False: no event."""
        with self._lock:
            owner = self._find_user(user)
            created = times.now() if at is None else times.parse(at)
            device = uuid.UUID(device_id) if device_id else uuid.UUID(int=self._random.getrandbits(128), version=4)
            if usage == "FIDO":
                device = uuid.UUID(int=0)
                identifier = bytes.fromhex(key_id) if key_id else self._random.getrandbits(128).to_bytes(16, "big")
                material = key_blob.fido_material(identifier, self._random)
            else:
                material = key_blob.rsa_material(self._random)
                identifier = hashlib.sha256(material).digest()
            blob = key_blob.entra_blob(identifier, material, created, usage, device, bytes.fromhex(cki))
            key = {"key_id": identifier.hex(), "usage": usage, "user_id": owner["id"], "device_id": str(device),
                   "registered_at": times.text(created), "blob": blob.hex(), "strength": strength,
                   "deleted_at": None, "exported": False, "removal_exported": False}
            self._keys[key["key_id"]] = key
            if audit:
                key["event_id"] = self._log((usage, "add"), owner, created, activity_offset, audit_delay, names)
            return dict(key)

    def delete_key(self, key_id, at=None, activity_offset=0.0, audit_delay=0.0, names="both", audit=True):
        with self._lock:
            key = self._keys[key_id]
            deleted = times.now() if at is None else times.parse(at)
            key["deleted_at"] = times.text(deleted)
            if audit:
                owner = self._users.get(key["user_id"])
                if owner:
                    self._log((key["usage"], "delete"), owner, deleted, activity_offset, audit_delay, names)
            return dict(key)

    def forget_key(self, key_id):
        """As if Entra had never known it; returns the key, for restore_key."""
        with self._lock:
            return self._keys.pop(key_id)

    def restore_key(self, key):
        """Entra knows it after all, as one that Connect has written."""
        with self._lock:
            self._keys[key["key_id"]] = {**key, "exported": True}

    def keys(self, user=None, deleted=True):
        with self._lock:
            owner = self._find_user(user)["id"] if user else None
            return [dict(key) for key in self._keys.values()
                    if (owner is None or key["user_id"] == owner) and (deleted or key["deleted_at"] is None)]

    # Entra Connect

    def pending_exports(self):
        """What the next Connect cycle has to do in Active Directory, oldest registration first. Cloud-only users have
        no place there. A key deleted before it was written is never written."""
        with self._lock:
            changes = []
            for key in sorted(self._keys.values(), key=lambda k: k["registered_at"]):
                owner = self._users.get(key["user_id"])
                if owner is None or owner["onPremisesSyncEnabled"] is not True:
                    continue
                if key["deleted_at"] is None and not key["exported"]:
                    operation = "add"
                elif key["deleted_at"] is not None and key["exported"] and not key["removal_exported"]:
                    operation = "remove"
                else:
                    continue
                changes.append({"operation": operation, "key_id": key["key_id"], "usage": key["usage"],
                                "blob": key["blob"], "registered_at": key["registered_at"], "user": dict(owner)})
            return changes

    def confirm_export(self, key_id, operation):
        with self._lock:
            self._keys[key_id]["exported" if operation == "add" else "removal_exported"] = True

    def mark_synced(self, at=None, password_at=None):
        with self._lock:
            moment = times.text(times.now() if at is None else times.parse(at), 0)
            self._sync["last_sync"] = moment
            self._sync["last_password_sync"] = moment if password_at is None else times.text(times.parse(password_at), 0)

    def set_sync_enabled(self, enabled):
        with self._lock:
            self._sync["sync_enabled"] = enabled

    def sync_state(self):
        with self._lock:
            return dict(self._sync)

    # The audit log

    def _log(self, what, owner, at, activity_offset, audit_delay, names, result="success"):
        activity = at + round(activity_offset * times.SECOND)
        both = names == "both"
        event = {
            "id": f"DRS_{uuid.UUID(int=self._random.getrandbits(128), version=4)}_{len(self._events)}",
            "category": "UserManagement",
            "correlationId": str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
            "result": result,
            "resultReason": "",
            "activityDisplayName": ACTIVITIES.get(what, what[0]),
            "activityDateTime": times.text(activity),
            "loggedByService": "Device Registration Service",
            "operationType": {"add": "Add", "delete": "Delete"}.get(what[1], "Update"),
            "initiatedBy": {"app": None, "user": {
                "id": owner["id"] if both or names == "initiator" else None, "displayName": None,
                "userPrincipalName": owner["userPrincipalName"] if both or names == "upn" else None,
                "ipAddress": "203.0.113.7"}},
            "targetResources": [{
                "id": owner["id"] if both or names == "id" else None, "displayName": None, "type": "User",
                "userPrincipalName": owner["userPrincipalName"] if both or names == "upn" else None,
                "groupType": None, "modifiedProperties": []}],
            "additionalDetails": [{"key": "Device OS", "value": "Windows"}],
        }
        visible = max(times.now(), activity) if audit_delay else 0
        self._events.append({"event": event, "visible_at": visible + round(audit_delay * times.SECOND),
                             "held": self._display["hold"], "copies": 1})
        return event["id"]

    def add_event(self, user, activity, at=None, result="success", audit_delay=0.0, operation="other", names="both",
                  members=None):
        """Any other audit event, and failed attempts; `members` overrides top-level members. Returns its id."""
        with self._lock:
            moment = times.now() if at is None else times.parse(at)
            identifier = self._log((activity, operation), self._find_user(user), moment, 0.0, audit_delay, names, result)
            self._events[-1]["event"].update(members or {})
            return self._events[-1]["event"]["id"] if members else identifier

    def hold_events(self, hold=True):
        """Events logged while held can't be read until release_events: the audit log is late."""
        with self._lock:
            self._display["hold"] = hold

    def release_events(self):
        with self._lock:
            self._display["hold"] = False
            for record in self._events:
                record["held"] = False

    def repeat_event(self, event_id, copies=2):
        """The log shows the event so many times, always with the same id."""
        with self._lock:
            self._record(event_id)["copies"] = copies

    def disorder_events(self, seed=1):
        """Answers ignore $orderby and come shuffled; None ends it."""
        with self._lock:
            self._display["disorder"] = seed

    def drop_event(self, event_id):
        """Retention, or an event that the log lost."""
        with self._lock:
            self._events.remove(self._record(event_id))

    def _record(self, event_id):
        return next(record for record in self._events if record["event"]["id"] == event_id)

    def events(self, hidden=False):
        """As the log shows them now; hidden=True: also those that are late or held."""
        with self._lock:
            now = times.now()
            return [record["event"] for record in self._events for _ in range(record["copies"])
                    if hidden or (record["visible_at"] <= now and not record["held"])]

    def disorder(self):
        with self._lock:
            return self._display["disorder"]

    # Authentication methods

    def set_method_id_form(self, form):
        """url_token | base64url | base64 | hex | opaque: what a method's id is made of."""
        with self._lock:
            self._display["method_id_form"] = form

    def method_id(self, key):
        raw = bytes.fromhex(key["key_id"])
        url = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        forms = {"url_token": lambda: url + str(-len(raw) % 3), "base64url": lambda: url,
                 "base64": lambda: base64.b64encode(raw).decode(), "hex": raw.hex,
                 "opaque": lambda: str(uuid.UUID(bytes=hashlib.sha256(raw).digest()[:16]))}
        with self._lock:
            return forms[self._display["method_id_form"]]()
