"""Microsoft Graph's answers: a request in, (status, headers, JSON) out. No sockets here."""

import collections
import random
import re
import threading
import time
import urllib.parse
import uuid

from . import odata, times

AUDIT_FILTERS = {"activityDateTime", "activityDisplayName", "loggedByService", "correlationId", "id", "category",
                 "result", "initiatedBy/user/id", "initiatedBy/user/displayName", "initiatedBy/user/userPrincipalName",
                 "targetResources/id", "targetResources/displayName"}
USER_DEFAULT = "id,displayName,userPrincipalName,mail"
REPORTS = {"audit", "whfb_methods", "fido2_methods", "registration_details"}
_USER = r"/v1\.0/users/(?P<user>[^/]+)"
ROUTES = [
    ("audit", re.compile(r"/v1\.0/auditLogs/directoryAudits$")),
    ("whfb_methods", re.compile(_USER + r"/authentication/windowsHelloForBusinessMethods$")),
    ("fido2_methods", re.compile(_USER + r"/authentication/fido2Methods$")),
    ("user", re.compile(_USER + r"$")),
    ("organization", re.compile(r"/v1\.0/organization$")),
    ("registration_details", re.compile(r"/v1\.0/reports/authenticationMethods/userRegistrationDetails$")),
    ("sync_features", re.compile(r"/v1\.0/directory/onPremisesSynchronization$")),
    ("batch", re.compile(r"/v1\.0/\$batch$")),
]


def route(path):
    for endpoint, pattern in ROUTES:
        match = pattern.match(path)
        if match:
            return endpoint, match.groupdict()
    return None, {}


def error(status, code, message, headers=None):
    request = str(uuid.uuid4())
    inner = {"date": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()), "request-id": request,
             "client-request-id": request}
    return status, headers or {}, {"error": {"code": code, "message": message, "innerError": inner}}


class Graph:
    def __init__(self, tenant, base_url, throttle=(5, 10.0)):
        self.tenant, self.base_url = tenant, base_url
        self.throttle = throttle  # requests, seconds; None: no limit
        self.max_top = 1000
        self.refuse_or = False
        self.denied = {}  # endpoint -> (code, message): a permission or licence that is missing
        self._lock = threading.Lock()
        self._recent = collections.deque()
        self._pages = collections.OrderedDict()

    # Settings that tests change, also over the control port

    def set_throttle(self, requests=None, seconds=10.0):
        """The reports family's limit; None: no limit."""
        self.throttle = (requests, seconds) if requests else None

    def set_audit_limits(self, max_top=1000, refuse_or=False):
        """Queries beyond are answered with 400."""
        self.max_top, self.refuse_or = max_top, refuse_or

    def deny(self, endpoint, code="Authorization_RequestDenied",
             message="Insufficient privileges to complete the operation."):
        self.denied[endpoint] = (code, message)

    def allow(self, endpoint):
        self.denied.pop(endpoint, None)

    # Requests

    def answer(self, endpoint, names, query):
        if endpoint is None:
            return error(400, "BadRequest", "Resource not found for the segment.")
        throttled = self._throttled(endpoint)
        if throttled:
            return throttled
        if endpoint in self.denied:
            return error(403, *self.denied[endpoint])
        try:
            parameters = {name: values[0] for name, values in urllib.parse.parse_qs(query).items()}
            return getattr(self, "_" + endpoint)(names, parameters)
        except odata.BadRequest as wrong:
            return error(400, "BadRequest", str(wrong))

    def _throttled(self, endpoint):
        if endpoint not in REPORTS or not self.throttle:
            return None
        requests, seconds = self.throttle
        with self._lock:
            now = time.monotonic()
            while self._recent and self._recent[0] <= now - seconds:
                self._recent.popleft()
            if len(self._recent) >= requests:
                wait = max(1, int(self._recent[0] + seconds - now) + 1)
                return error(429, "TooManyRequests", "Too many requests.", {"Retry-After": str(wait)})
            self._recent.append(now)
            return None

    def throttle_headers(self, endpoint):
        """x-ms-throttle-limit-percentage, as Graph tells it above 80 %."""
        if endpoint not in REPORTS or not self.throttle:
            return {}
        with self._lock:
            used = len(self._recent) / self.throttle[0]
        return {"x-ms-throttle-limit-percentage": f"{used:.1f}"} if used >= 0.8 else {}

    def _page(self, context, entities, size, path):
        """The first page of entities; the rest waits under a skiptoken, unmoved by what happens meanwhile."""
        body = {"@odata.context": f"{self.base_url}/v1.0/$metadata#{context}", "value": entities[:size]}
        if len(entities) > size:
            token = uuid.uuid4().hex
            with self._lock:
                self._pages[token] = (context, entities[size:], size, path)
                while len(self._pages) > 1000:
                    self._pages.popitem(last=False)
            body["@odata.nextLink"] = f"{self.base_url}{path}?$top={size}&$skiptoken={token}"
        return 200, {}, body

    def _skip(self, parameters):
        with self._lock:
            page = self._pages.get(parameters["$skiptoken"])
        if page is None:
            raise odata.BadRequest("Skip token is invalid or expired.")
        return self._page(*page)

    def _audit(self, _names, parameters):
        unknown = set(parameters) - {"$filter", "$orderby", "$top", "$skiptoken"}
        if unknown:
            raise odata.BadRequest(f"Query option '{sorted(unknown)[0]}' is not supported.")
        if "$skiptoken" in parameters:
            return self._skip(parameters)
        events = self.tenant.events()
        if "$filter" in parameters:
            accept = odata.Filter(parameters["$filter"], AUDIT_FILTERS)
            if accept.uses_or and self.refuse_or:
                raise odata.BadRequest("Invalid filter clause: 'or' is not supported here.")
            events = [event for event in events if accept(event)]
        # Without $orderby the log comes newest first.
        events = odata.order(events, parameters.get("$orderby", "activityDateTime desc"))
        if self.tenant.disorder() is not None:
            random.Random(self.tenant.disorder()).shuffle(events)
        size = self._top(parameters, self.max_top)
        return self._page("auditLogs/directoryAudits", events, size, "/v1.0/auditLogs/directoryAudits")

    @staticmethod
    def _top(parameters, most):
        text = parameters.get("$top", "100")
        if not text.isdigit() or not 1 <= int(text) <= most:
            raise odata.BadRequest(f"The limit of '{most}' for Top query has been exceeded. "
                                   f"The value from the incoming request is '{text}'.")
        return int(text)

    def _find(self, names):
        user = urllib.parse.unquote(names["user"])
        found = self.tenant.user(user)
        if found is None:
            return None, error(404, "Request_ResourceNotFound", f"Resource '{user}' does not exist or one of its "
                               "queried reference-property objects are not present.")
        return found, None

    def _user(self, names, parameters):
        user, missing = self._find(names)
        if missing:
            return missing
        chosen = odata.select(user, parameters.get("$select", USER_DEFAULT))
        return 200, {}, {"@odata.context": f"{self.base_url}/v1.0/$metadata#users/$entity", **chosen}

    def _organization(self, _names, parameters):
        state = self.tenant.sync_state()
        entity = {"id": self.tenant_id, "displayName": "Stand-in tenant", "tenantType": "AAD", "verifiedDomains": [],
                  "onPremisesSyncEnabled": state["sync_enabled"], "onPremisesLastSyncDateTime": state["last_sync"]}
        if state["last_password_sync"] is not None:  # not in every version's type
            entity["onPremisesLastPasswordSyncDateTime"] = state["last_password_sync"]
        if "$select" in parameters:
            entity = odata.select(entity, parameters["$select"])
        return 200, {}, {"@odata.context": f"{self.base_url}/v1.0/$metadata#organization", "value": [entity]}

    def _whfb_methods(self, names, parameters):
        return self._methods(names, parameters, "NGC", "windowsHelloForBusinessAuthenticationMethod",
                             lambda key: {"displayName": "Workstation", "keyStrength": key["strength"]})

    def _fido2_methods(self, names, parameters):
        return self._methods(names, parameters, "FIDO", "fido2AuthenticationMethod",
                             lambda _key: {"displayName": "Security key", "model": "Key", "attestationCertificates": [],
                                           "aaGuid": str(uuid.UUID(int=1))})

    def _methods(self, names, parameters, usage, kind, members):
        user, missing = self._find(names)
        if missing:
            return missing
        if parameters:
            raise odata.BadRequest("Query options are not supported here.")
        methods = [{"@odata.type": f"#microsoft.graph.{kind}", "id": self.tenant.method_id(key),
                    "createdDateTime": times.text(times.parse(key["registered_at"]), 0), **members(key)}
                   for key in self.tenant.keys(user["id"], deleted=False) if key["usage"] == usage]
        return 200, {}, {"@odata.context": f"{self.base_url}/v1.0/$metadata#users('{user['id']}')/authentication",
                         "value": methods}

    def _registration_details(self, _names, parameters):
        if "$skiptoken" in parameters:
            return self._skip(parameters)
        details = [self._details(user) for user in self.tenant.users()]
        return self._page("reports/authenticationMethods/userRegistrationDetails", details, self._top(parameters, 999),
                          "/v1.0/reports/authenticationMethods/userRegistrationDetails")

    def _details(self, user):
        keys = self.tenant.keys(user["id"])
        live = {key["usage"] for key in keys if key["deleted_at"] is None}
        methods = [name for usage, name in (("NGC", "windowsHelloForBusiness"), ("FIDO", "passKeyDeviceBound"))
                   if usage in live]
        moments = [key["registered_at"] for key in keys] + [key["deleted_at"] for key in keys if key["deleted_at"]]
        return {"id": user["id"], "userPrincipalName": user["userPrincipalName"], "userDisplayName": user["displayName"],
                "isAdmin": False, "isMfaCapable": bool(live), "isMfaRegistered": bool(live),
                "isPasswordlessCapable": bool(live), "isSsprCapable": False, "isSsprEnabled": False,
                "isSsprRegistered": False, "methodsRegistered": methods,
                "lastUpdatedDateTime": max(moments, default="2020-01-01T00:00:00.0000000Z")}

    def _sync_features(self, _names, _parameters):
        entity = {"id": self.tenant_id, "configuration": {"accidentalDeletionPrevention": None},
                  "features": {"deviceWritebackEnabled": False, "passwordSyncEnabled": True,
                               "passwordWritebackEnabled": False}}
        return 200, {}, {"@odata.context": f"{self.base_url}/v1.0/$metadata#directory/onPremisesSynchronization",
                         "value": [entity]}

    @property
    def tenant_id(self):
        return self.tenant.tenant_id
