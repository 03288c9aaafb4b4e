"""The queries of deploy/grafana's dashboards, as Grafana would send them."""

import json
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "deploy/grafana"


def dashboards():
    return {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def panels(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def queries():
    """(dashboard, title of the panel, number of the query in it), query: for each."""
    for name, dashboard in dashboards().items():
        for panel in panels(dashboard):
            for number, target in enumerate(panel["targets"]):
                yield (name, panel["title"], number), target["expr"]


def runnable(expression, interval="10s", shown="30s"):
    """With every variable at "all"; `interval` and `shown` are the rate's and the dashboard's."""
    values = {"$domain": ".*", "$usage": ".*", "$__rate_interval": interval, "$__range": shown}
    for variable, value in values.items():
        expression = expression.replace(variable, value)
    assert "$" not in expression, expression
    return expression
