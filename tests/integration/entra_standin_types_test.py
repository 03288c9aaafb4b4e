#!/usr/bin/python3
"""Every kind of answer of the Entra stand-in is valid against Graph's own types (graph_types.json, where it is present)."""

import json
import pathlib
import ssl
import sys
import tempfile
import unittest
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from entra_standin import EntraStandin, times

TYPES_FILE = ROOT.parent / "shared" / "data" / "graph_types.json"


class Types:
    """Checks a JSON value against the service metadata: no unknown member, no null where none may be, the right kinds."""

    PRIMITIVES = {"Edm.String": str, "Edm.Boolean": bool, "Edm.Int32": int, "Edm.Int64": int}

    def __init__(self, file):
        document = json.loads(file.read_text(encoding="utf-8"))
        self._types, self._enums = document["types"], document["enums"]

    def properties(self, name):
        described = self._types[name]
        inherited = self.properties(described["base"]) if described["base"] else {}
        return {**inherited, **described["properties"]}

    def problems(self, value, kind, where, partial=False):
        if kind.startswith("Collection("):
            if not isinstance(value, list):
                return [f"{where}: no collection"]
            return [p for i, item in enumerate(value) for p in self.problems(item, kind[11:-1], f"{where}[{i}]")]
        if kind == "Edm.DateTimeOffset":
            try:
                return [] if times.parse(value) is not None else []
            except (ValueError, TypeError):
                return [f"{where}: {value!r} is no time"]
        if kind in self.PRIMITIVES:
            fits = isinstance(value, self.PRIMITIVES[kind])
            return [] if fits else [f"{where}: {value!r} is no {kind}"]
        if kind in self._enums:
            return [] if value in self._enums[kind] else [f"{where}: {value!r} is none of {self._enums[kind]}"]
        if kind not in self._types:
            return []  # a type that the extract does not hold
        return self._object_problems(value, kind, where, partial)

    def _object_problems(self, value, kind, where, partial):
        if not isinstance(value, dict):
            return [f"{where}: no object"]
        properties, found = self.properties(kind), []
        for name, member in value.items():
            if name.startswith("@"):
                continue
            if name not in properties:
                found.append(f"{where}.{name}: no such member of {kind}")
            elif member is None:
                if not properties[name]["nullable"]:
                    found.append(f"{where}.{name}: may not be null")
            else:
                found += self.problems(member, properties[name]["type"], f"{where}.{name}")
        if not partial:
            found += [f"{where}.{name}: is missing" for name, p in properties.items()
                      if not p["nullable"] and not p["navigation"] and name not in value]
        return found


@unittest.skipUnless(TYPES_FILE.exists(), "skipped: no graph_types.json beside the project")
class StandinTypesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.types = Types(TYPES_FILE)
        cls.directory = tempfile.TemporaryDirectory(prefix="keysyncd-entra-")
        cls.addClassCleanup(cls.directory.cleanup)
        cls.entra = EntraStandin(cls.directory.name, throttle=None).start()
        cls.addClassCleanup(cls.entra.stop)
        cls.context = ssl.create_default_context(cafile=cls.entra.ca_file)
        tenant = cls.entra.tenant
        cls.user = tenant.add_user("jane@corp.test", sid="S-1-5-21-1-2-3-1104", immutable_id="AAECAw==", sam="jane",
                                   domain="corp.test", dn="CN=Jane,DC=corp,DC=test", provisioning_errors=[
                                       {"category": "PropertyConflict", "occurredDateTime": "2026-01-09T21:20:02Z",
                                        "propertyCausingError": "UserPrincipalName", "value": "jane@corp.test"}])
        cls.cloud_user = tenant.add_user("cloud@corp.test", synced=False)
        for names in ("both", "upn", "initiator", "id"):
            tenant.register_key(cls.user["id"], names=names)
        fido = tenant.register_key(cls.user["id"], usage="FIDO")
        tenant.delete_key(fido["key_id"])
        tenant.register_key(cls.user["id"], usage="FIDO")
        tenant.add_event(cls.user["id"], "Update device", result="failure")
        tenant.mark_synced()
        form = {"client_id": cls.entra.client_id, "client_secret": cls.entra.tokens.secret,
                "grant_type": "client_credentials", "scope": cls.entra.url + "/.default"}
        answer = cls.fetch(f"/{cls.entra.tenant_id}/oauth2/v2.0/token", urllib.parse.urlencode(form).encode())
        cls.token = answer["access_token"]

    @classmethod
    def fetch(cls, path, body=None, token=None, content_type="application/x-www-form-urlencoded"):
        request = urllib.request.Request(cls.entra.url + path, body, {"Content-Type": content_type})
        if token:
            request.add_header("Authorization", "Bearer " + token)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                             urllib.request.HTTPSHandler(context=cls.context))
        with opener.open(request, timeout=10) as answer:
            return json.load(answer)

    def get(self, path):
        return self.fetch(path, token=self.token)

    def assert_fits(self, entity, kind, partial=False):
        self.assertEqual(self.types.problems(entity, kind, kind, partial), [])

    def assert_all_fit(self, path, kind, least=1, partial=False):
        entities = self.get(path)["value"]
        self.assertGreaterEqual(len(entities), least)
        for entity in entities:
            self.assert_fits(entity, kind, partial)

    def test_audit_events(self):
        self.assert_all_fit("/v1.0/auditLogs/directoryAudits", "directoryAudit", least=8)

    def test_users_whole_and_selected(self):
        for user in (self.user, self.cloud_user):
            self.assert_fits(self.get("/v1.0/users/" + user["id"]), "user", partial=True)
            names = "id,userPrincipalName," + ",".join(name for name in user if name.startswith("onPremises"))
            self.assert_fits(self.get(f"/v1.0/users/{user['id']}?$select={names}"), "user", partial=True)

    def test_the_organization(self):
        [entity] = self.get("/v1.0/organization")["value"]
        # Newer than the published types that are at hand.
        self.assertIsNotNone(times.parse(entity.pop("onPremisesLastPasswordSyncDateTime")))
        self.assert_fits(entity, "organization", partial=True)

    def test_authentication_methods(self):
        base = f"/v1.0/users/{self.user['id']}/authentication/"
        self.assert_all_fit(base + "windowsHelloForBusinessMethods", "windowsHelloForBusinessAuthenticationMethod", 4)
        self.assert_all_fit(base + "fido2Methods", "fido2AuthenticationMethod")

    def test_the_registration_report(self):
        self.assert_all_fit("/v1.0/reports/authenticationMethods/userRegistrationDetails", "userRegistrationDetails", 2)

    def test_directory_synchronization(self):
        self.assert_all_fit("/v1.0/directory/onPremisesSynchronization", "onPremisesDirectorySynchronization")

    def test_what_comes_in_a_batch(self):
        requests = [{"id": "1", "method": "GET", "url": f"/users/{self.user['id']}?$select=id,onPremisesSyncEnabled"},
                    {"id": "2", "method": "GET", "url": "/users/nobody"}]
        answers = {answer["id"]: answer for answer in self.fetch(
            "/v1.0/$batch", json.dumps({"requests": requests}).encode(), self.token, "application/json")["responses"]}
        self.assertEqual((answers["1"]["status"], answers["2"]["status"]), (200, 404))
        self.assert_fits(answers["1"]["body"], "user", partial=True)


if __name__ == "__main__":
    if not TYPES_FILE.exists():
        print("skipped: no graph_types.json beside the project")
        sys.exit(77)
    unittest.main()
