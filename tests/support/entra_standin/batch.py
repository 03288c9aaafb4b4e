"""POST /$batch: up to 20 requests in one, each answered, and throttled, by itself."""

import json
import urllib.parse

from . import graph as graph_module


def answer_batch(graph, body, fault):
    try:
        requests = json.loads(body)["requests"]
        wanted = [(str(request["id"]), request["method"], request["url"]) for request in requests]
    except (ValueError, KeyError, TypeError):
        return graph_module.error(400, "BadRequest", "Invalid batch payload format.")
    if not 1 <= len(wanted) <= 20:
        return graph_module.error(400, "BadRequest", f"Number of batch request steps {len(wanted)} exceeds the limit.")
    if len({identifier for identifier, _, _ in wanted}) != len(wanted):
        return graph_module.error(400, "BadRequest", "Request id has to be unique in a batch.")
    responses = []
    for index, (identifier, method, url) in enumerate(wanted):
        target = urllib.parse.urlsplit("/v1.0/" + url.lstrip("/"))
        endpoint, names = graph_module.route(target.path)
        if method != "GET" or endpoint in (None, "batch"):
            status, headers, answer = graph_module.error(400, "BadRequest", "Unsupported request in a batch.")
        elif index == 0 and fault and fault["kind"] == "inner_status":
            status, headers, answer = graph_module.error(fault["status"], "TooManyRequests", "Too many requests.",
                                                         dict(fault.get("headers", {})))
        else:
            status, headers, answer = graph.answer(endpoint, names, target.query)
        responses.append({"id": identifier, "status": status,
                          "headers": {"Content-Type": "application/json", **headers}, "body": answer})
    responses.reverse()  # their order is free: clients must go by id
    return 200, {}, {"responses": responses}
