"""The script: who is there, which keys they get when, and what becomes of them. Made from a seed, carried out by
estate.py."""

import dataclasses
import random

HOUR, DAY = 3600.0, 86400.0

# Accounts for which a key cannot arrive, or must not count; by the cause that is to be told.
STUCK_ROLES = ("protected_account", "account_disabled", "provisioning_error", "not_in_directory")
OUTSIDE_ROLES = ("cloud_only", "other_domain")


@dataclasses.dataclass
class PlannedUser:
    name: str
    role: str = "normal"
    renamed_in: int = None  # phase
    deleted_in: int = None


@dataclasses.dataclass
class PlannedKey:
    owner: PlannedUser
    phase: int  # 0: before the daemon's first start
    age: float  # seconds, when it is registered in its phase
    usage: str = "NGC"
    source: str = "AzureAD"
    audit: str = "prompt"  # prompt | late (after the write) | lost (never)
    audit_offset: float = 0.0
    event_names: str = "both"
    fate: str = "written"  # written | never | withdrawn | lost (gone from Entra without an event) | forged
    withdrawn_ago: float = 0.0
    ambiguous: bool = False  # the deletion could mean a written key as well
    known_in: int = None  # phase in which Entra knows a forged key after all
    removed_in: int = None


class Plan:
    """`users` and `keys` in the order of their making. Phases run from 1 to `phases`. endings=False: nothing is
    withdrawn, removed, renamed or deleted."""

    def __init__(self, seed, phases=6, normal_users=210, keys_a_phase=34, endings=True):
        self.random = random.Random(seed)
        self.phases = phases
        self.normal = [PlannedUser(f"user{number:03}") for number in range(normal_users)]
        self.stuck = [PlannedUser(f"{role.replace('_', '-')}{number}", role)
                      for role in STUCK_ROLES for number in range(3)]
        self.outside = [PlannedUser(f"{role.replace('_', '-')}{number}", role)
                        for role in OUTSIDE_ROLES for number in range(3)]
        self.users = self.normal + self.stuck + self.outside
        self.keys = []
        shuffled = self.random.sample(self.normal, len(self.normal))
        self._without_keys, self._free = shuffled[:2 * phases], shuffled[2 * phases:]
        self._owners = list(self._free)  # of the keys from before; the others must have none
        self._baseline()
        self._stuck_keys()
        if endings:
            self._unknown_to_entra()
        for phase in range(1, phases + 1):
            if endings:
                self._withdrawals(phase)
            self._registrations(phase, keys_a_phase)
        if endings:
            self._removals()
            self._renames_and_deletions()

    def in_phase(self, phase):
        return [key for key in self.keys if key.phase == phase]

    def _take(self, count):
        """Users to whom nothing else happens that would make the truth ambiguous."""
        taken, self._free = self._free[:count], self._free[count:]
        return taken

    def _add(self, owner, phase, age, **more):
        key = PlannedKey(owner, phase, age, **more)
        self.keys.append(key)
        return key

    def _age(self):
        """Ages that put delays into every bucket, and of those that wait, none near the border of being overdue."""
        lower, upper = self.random.choice(((0, 50), (60, 300), (300, 600), (600, 900), (900, 1200), (1200, 1500),
                                           (1500, 1800), (1800, 2100), (2100, 2700), (2700, 3300), (4200, 5400),
                                           (5400, 7200), (7200, 14400), (14400, 28800), (28800, 80000)))
        return self.random.uniform(lower, upper)

    def _age_apart(self, owner):
        """So that the user's other keys were not born within minutes: by the time alone they could be taken for it."""
        others = [key.age for key in self.keys if key.owner is owner]
        while True:
            age = self._age()
            if all(abs(age - other) > 900 for other in others):
                return age

    def _baseline(self):
        choice = self.random.choice
        for _ in range(60):  # from before anyone measured
            self._add(choice(self._owners), 0, self.random.uniform(2 * DAY, 400 * DAY), audit="lost")
        for _ in range(10):
            self._add(choice(self._owners), 0, self.random.uniform(2 * DAY, 400 * DAY), usage="FIDO", audit="lost")
        for _ in range(8):
            self._add(choice(self._owners), 0, self.random.uniform(2 * DAY, 400 * DAY), source="AD", audit="lost")
        for owner in self._take(20):  # younger than the look-back: measured, with and without an audit event
            self._add(owner, 0, self.random.uniform(HOUR / 2, 20 * HOUR), audit=choice(("prompt", "lost")),
                      audit_offset=self.random.uniform(0, 4))
        for owner in self._take(3):
            self._add(owner, 0, self.random.uniform(HOUR / 2, 20 * HOUR), source="AD", audit="lost")
        for owner in self._take(4):  # waiting when the daemon starts, written in phase 1
            self._add(owner, 1, self._age())

    def _stuck_keys(self):
        for number, owner in enumerate(self.stuck):
            self._add(owner, 1 + number % 3, self.random.uniform(1.2 * HOUR, 20 * HOUR), fate="never")
        for phase in (1, 2, 4):  # nobody knows why
            for owner in self._take(1):
                self._add(owner, phase, self.random.uniform(1.2 * HOUR, 20 * HOUR), fate="never")
        for owner in self._take(2):  # not late enough yet to be called overdue
            self._add(owner, 3, self.random.uniform(60, 1500), fate="never")
        for number, owner in enumerate(self.outside):
            self._add(owner, 1 + number % 3, self._age(), fate="never")

    def _unknown_to_entra(self):
        for phase in (2, 3):
            for owner in self._take(1):
                self._add(owner, phase, self.random.uniform(1.2 * HOUR, 20 * HOUR), fate="lost")
        for known_in in (None, 5):  # written into the directory by somebody else than Connect
            for owner in self._take(1):
                self._add(owner, 2, self.random.uniform(600, 3000), audit="lost", fate="forged", known_in=known_in)

    def _registrations(self, phase, count):
        pick = self.random.random
        for owner in self.random.sample(self._free, count):
            audit = "prompt" if pick() < 0.6 else "late" if pick() < 0.8 else "lost"
            usage = "FIDO" if pick() < 0.15 else "NGC"
            # A late event with both names may come after the user was renamed, or before: who could tell what it taught.
            names = self.random.choice(("upn", "initiator", "id", "both" if audit == "prompt" else "upn"))
            self._add(owner, phase, self._age_apart(owner), usage=usage, audit=audit,
                      audit_offset=self.random.uniform(0, 5), event_names=names)
        for owner in self.random.sample(self._free, 2):  # device transport keys: no audit activity tells of them
            self._add(owner, phase, self._age(), usage="STK", audit="lost")
        for owner in self.random.sample(self._free, 2):
            self._add(owner, phase, self.random.uniform(0, HOUR), source="AD", audit="lost")

    def _withdrawals(self, phase):
        for owner in self._without_keys[2 * phase - 2 : 2 * phase]:  # the deletion can mean nothing else
            self._add(owner, phase, self.random.uniform(100, 3000), fate="withdrawn", withdrawn_ago=5.0)
        if phase in (4, 5):  # the user has a written key as well
            for owner in self._take(1):
                self._add(owner, 2, 10 * HOUR)
                # A deletion that is so old was not that one's; of a new one only Entra can tell which was meant.
                self._add(owner, phase, 5 * HOUR, fate="withdrawn", withdrawn_ago=4 * HOUR if phase == 4 else 0.0,
                          ambiguous=phase == 5)

    def _removals(self):
        """Keys that are deleted in Entra, and by Connect in the directory, in a later phase than they came."""
        twofold = {id(key.owner) for key in self.keys if key.fate != "written"}
        candidates = [key for key in self.keys if id(key.owner) not in twofold and key.source == "AzureAD"
                      and key.usage in ("NGC", "FIDO") and key.phase < self.phases - 1]
        for key in self.random.sample(candidates, 2 * self.phases + 2):
            key.removed_in = self.random.randrange(max(2, key.phase + 1), self.phases + 1)

    def _renames_and_deletions(self):
        busy = {id(key.owner) for key in self.keys if key.removed_in is not None or key.fate != "written"}
        last_key = {}
        for key in self.keys:
            last_key[id(key.owner)] = max(key.phase, last_key.get(id(key.owner), 0))
        with_keys = [user for user in self.normal if id(user) in last_key and id(user) not in busy]
        for user in self.random.sample(with_keys, min(2 * self.phases, len(with_keys) // 3)):
            user.renamed_in = self.random.randrange(1, self.phases)
        done = [user for user in with_keys if user.renamed_in is None and last_key[id(user)] < self.phases]
        for user in self.random.sample(done, min(self.phases, len(done) // 2)):
            user.deleted_in = self.random.randrange(max(1, last_key[id(user)]), self.phases)
