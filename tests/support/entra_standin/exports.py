"""The audit log as files, in the shapes that exports have. `Exporter(tenant, directory, form)` appends what is new each
time write() is called, the way diagnostic settings do; events that are held back or late appear when they become visible.

form: graph_lines | graph_page | event_hub_lines | event_hub_batches | array | log_analytics
"""

import json
import os


def _event_hub(event, tenant_id):
    # Absent instead of null, an offset instead of Z.
    def bare(value):
        if isinstance(value, dict):
            return {name: bare(member) for name, member in value.items() if member is not None}
        return [bare(member) for member in value] if isinstance(value, list) else value

    properties = {**bare(event), "activityDateTime": event["activityDateTime"].replace("Z", "+00:00")}
    return {"time": event["activityDateTime"], "resourceId": f"/tenants/{tenant_id}/providers/Microsoft.aadiam",
            "operationName": event["activityDisplayName"], "operationVersion": "1.0", "category": "AuditLogs",
            "tenantId": tenant_id, "resultSignature": "None", "durationMs": 0, "correlationId": event["correlationId"],
            "identity": event["loggedByService"], "level": "Informational", "properties": properties}


def _log_analytics(event):
    return {"TimeGenerated": event["activityDateTime"], "Id": event["id"], "Category": event["category"],
            "ActivityDateTime": event["activityDateTime"], "ActivityDisplayName": event["activityDisplayName"],
            "OperationName": event["activityDisplayName"], "Result": event["result"],
            "LoggedByService": event["loggedByService"], "CorrelationId": event["correlationId"],
            "InitiatedBy": json.dumps(event["initiatedBy"]), "TargetResources": json.dumps(event["targetResources"]),
            "AdditionalDetails": json.dumps(event["additionalDetails"])}


class Exporter:
    def __init__(self, tenant, directory, form="event_hub_lines", name="audit"):
        self._tenant, self._directory, self._form, self._name = tenant, directory, form, name
        self._known = {}
        self._files = 0
        os.makedirs(directory, exist_ok=True)

    @property
    def path(self):
        return os.path.join(self._directory, f"{self._name}.json")

    def _fresh(self):
        """Events, and repetitions of events, that the log shows and no file holds yet."""
        shown = {}
        fresh = []
        for event in self._tenant.events():
            shown[event["id"]] = shown.get(event["id"], 0) + 1
            if shown[event["id"]] > self._known.get(event["id"], 0):
                fresh.append(event)
                self._known[event["id"]] = shown[event["id"]]
        return fresh

    def write(self):
        """Appends what is new; returns how many events that were. Whole-file forms get a file of their own each time."""
        fresh = self._fresh()
        if not fresh:
            return 0
        form = self._form
        if form in ("graph_page", "array"):
            self._files += 1
            document = fresh if form == "array" else {"@odata.context": "x#auditLogs/directoryAudits", "value": fresh}
            path = os.path.join(self._directory, f"{self._name}-{self._files:05}.json")
            with open(path + ".part", "w", encoding="utf-8") as file:
                json.dump(document, file, indent=2)
            os.replace(path + ".part", path)
            return len(fresh)
        with open(self.path, "a", encoding="utf-8") as file:
            if form == "event_hub_batches":
                records = [_event_hub(event, self._tenant.tenant_id) for event in fresh]
                file.write(json.dumps({"records": records}) + "\n")
            for event in fresh if form != "event_hub_batches" else ():
                shape = {"graph_lines": lambda e: e, "log_analytics": _log_analytics,
                         "event_hub_lines": lambda e: _event_hub(e, self._tenant.tenant_id)}[form]
                file.write(json.dumps(shape(event)) + "\n")
        return len(fresh)

    def rotate(self):
        """Renames the file that is appended to, as logrotate does."""
        if os.path.exists(self.path):
            self._files += 1
            os.rename(self.path, f"{self.path}.{self._files}")
