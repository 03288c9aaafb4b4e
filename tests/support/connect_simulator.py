"""What Entra Connect does once a cycle with the keys of its users: takes what was registered or deleted in Entra since
its last run and writes it into msDS-KeyCredentialLink over LDAP, as its connector account, one operation a user.

Like the real one it inserts the KeyHash entry into Entra's blob, reports its run to the tenant before it exports to
Active Directory, is refused by users that AdminSDHolder protects, and tries again next time what did not work.
"""

import ldap

import key_blob


class ConnectSimulator:
    """`entra`: entra_standin's Tenant, or its Control from another process; `directory`: lab.directory.Directory."""

    def __init__(self, entra, directory):
        self._entra, self.directory = entra, directory  # the directory may change in the middle of a run

    def run_cycle(self, skip=(), before_each_user=None):
        """One synchronisation; key ids in `skip` are overlooked. Returns a Cycle. `before_each_user` is called before
        each user's export: a place for what happens in the middle of a run."""
        changes = [change for change in self._entra.pending_exports() if change["key_id"] not in skip]
        self._entra.mark_synced()
        by_user = {}
        for change in changes:
            by_user.setdefault(change["user"]["id"], []).append(change)
        cycle = Cycle()
        for user_changes in by_user.values():
            if before_each_user:
                before_each_user()
            self._export(user_changes, cycle)
        return cycle

    def _export(self, changes, cycle):
        dn = self.directory.find_by_sid(changes[0]["user"]["onPremisesSecurityIdentifier"])
        if dn is None:
            cycle.absent += changes
            return
        blobs = {"add": [], "remove": []}
        for change in changes:
            blobs[change["operation"]].append(key_blob.with_key_hash(bytes.fromhex(change["blob"])))
        try:
            self.directory.change_keys(dn, blobs["add"], blobs["remove"])
        except ldap.INSUFFICIENT_ACCESS:
            cycle.refused += changes
            return
        except (ldap.TYPE_OR_VALUE_EXISTS, ldap.NO_SUCH_ATTRIBUTE):
            self._export_singly(dn, changes)
        for change in changes:
            self._entra.confirm_export(change["key_id"], change["operation"])
        cycle.written += [change for change in changes if change["operation"] == "add"]
        cycle.removed += [change for change in changes if change["operation"] == "remove"]

    def _export_singly(self, dn, changes):
        """An earlier run was cut off between the write and its confirmation: some of it is there already."""
        for change in changes:
            blob = key_blob.with_key_hash(bytes.fromhex(change["blob"]))
            try:
                if change["operation"] == "add":
                    self.directory.add_key(dn, blob)
                else:
                    self.directory.remove_key(dn, blob)
            except (ldap.TYPE_OR_VALUE_EXISTS, ldap.NO_SUCH_ATTRIBUTE):
                pass


class Cycle:
    """What one run did, as lists of Entra's changes."""

    def __init__(self):
        self.written, self.removed, self.refused, self.absent = [], [], [], []
