"""The demonstration's users and what happens to them: registrations at random moments, and now and then what makes an
administrator's life interesting: a protected account whose key never arrives, a security key, a key deleted, a key
that an on-premises AD FS has written, a user without an on-premises account."""

import random
import time
import uuid

import key_blob

_DAY = 86400 * 10_000_000  # in 100 ns
_NAMES = ("ada grace alan edsger barbara donald dennis ken bjarne margaret leslie radia vint linus john frances tony "
          "niklaus jean katherine claude evelyn guido larry yukihiro anita hedy joan karen adele").split()


class Estate:
    def __init__(self, tenant, directory, users, cycle, seed, most_keys=None):
        """`most_keys`: a user that has so many gives up the oldest for a new one, so that the estate stays as large."""
        self._tenant, self._directory = tenant, directory
        self._count, self._cycle, self._most_keys = users, cycle, most_keys
        self._random = random.Random(seed)
        self._users = []
        self._next_event = time.monotonic()
        self._stuck = None
        self.registered = 0

    @property
    def stuck_user(self):
        return self._stuck

    def populate(self):
        for number in range(self._count):
            name = _NAMES[number % len(_NAMES)] + (str(number // len(_NAMES) + 1) if number >= len(_NAMES) else "")
            self._users.append(self._add(name))
        for user in self._random.sample(self._users, self._count // 3):
            age = self._random.randrange(2, 300)
            self._tenant.register_key(user["upn"], at=self._now() - age * _DAY, audit=False)
        protected = self._users[-1]
        self._directory.protect_user(protected["dn"])
        self._stuck = protected["upn"]
        cloud_only = self._tenant.add_user("contractor@cloud.example", synced=False)
        self._tenant.register_key(cloud_only["userPrincipalName"])

    def act(self, now):
        """Does what is due by now. Registrations are a Poisson process of one user in eight a cycle."""
        while now >= self._next_event:
            self._next_event += self._random.expovariate(self._count / 8 / self._cycle)
            self._event()

    def _event(self):
        delay = self._random.choice((0, 0, 1, 3, 8))  # the audit log is late as often as not
        kind = self._random.random()
        user = self._random.choice(self._users[:-1])
        if self.registered == 2:
            user = self._users[-1]  # early enough to be seen getting overdue
        if kind < 0.06 and self.registered > 6:
            self._remove_key(user, delay)
        elif kind < 0.10:
            self._write_local_key(user)
        else:
            usage = "FIDO" if kind > 0.93 else "NGC"
            self._make_room(user, delay)
            self._tenant.register_key(user["upn"], usage=usage, audit_delay=delay)
            self.registered += 1

    def _make_room(self, user, delay):
        if self._most_keys is None:
            return
        keys = self._tenant.keys(user["upn"], deleted=False)
        for key in keys[:max(0, len(keys) + 1 - self._most_keys)]:
            self._tenant.delete_key(key["key_id"], audit_delay=delay)

    def _remove_key(self, user, delay):
        keys = self._tenant.keys(user["upn"], deleted=False)
        if keys:
            self._tenant.delete_key(self._random.choice(keys)["key_id"], audit_delay=delay)

    def _write_local_key(self, user):
        material = key_blob.rsa_material(self._random)
        blob = key_blob.ad_blob(self._random.randbytes(32), material, self._now(), device_id=uuid.uuid4())
        self._directory.add_key(user["dn"], blob, as_administrator=True)

    def _add(self, name):
        dn = self._directory.add_user(name)
        sid, immutable_id = self._directory.identity(dn)
        domain = self._directory.realm
        upn = f"{name}@{domain}"
        self._tenant.add_user(upn, sid=sid, immutable_id=immutable_id, sam=name, domain=domain, dn=dn)
        return {"upn": upn, "dn": dn}

    @staticmethod
    def _now():
        return time.time_ns() // 100
