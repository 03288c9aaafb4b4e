"""Misbehaviour on request. A rule applies to the next `times` requests of an endpoint, after `skip` good ones.

endpoint: token | audit | user | organization | whfb_methods | fido2_methods | registration_details | sync_features |
          batch | any
kind and parameters
    status           status, code, message, headers (dict), reason: an error answer
    drop             the connection is closed without an answer
    delay            seconds: the answer is late
    stall            half of the body, then silence until the stand-in stops
    truncate         half of the body, then the connection is closed
    huge             bytes: a JSON body of that size, streamed
    gzip_bomb        bytes: a JSON body of that size, which gzip makes a thousand times smaller
    content_type     type: an HTML page under this type
    not_json         a body that is no JSON under application/json
    clock            seconds: the Date header is off by that much
    foreign_link     link: @odata.nextLink leads there (default: another host)
    page_loop        @odata.nextLink leads to the page itself
    unknown_members  members that no documentation tells, in every entity
    inner_status     status, headers: the first request inside a $batch gets it
"""

import threading


class Faults:
    def __init__(self):
        self._lock = threading.Lock()
        self._rules = []

    def add_fault(self, endpoint, kind, times=1, skip=0, **parameters):
        with self._lock:
            self._rules.append({"endpoint": endpoint, "kind": kind, "times": times, "skip": skip, **parameters})

    def clear_faults(self):
        with self._lock:
            self._rules.clear()

    def take(self, endpoint):
        """The rule for this request, used up by one; None: behave."""
        with self._lock:
            for rule in self._rules:
                if rule["endpoint"] not in (endpoint, "any"):
                    continue
                if rule["skip"] > 0:
                    rule["skip"] -= 1
                    continue
                if rule["times"] > 0:
                    rule["times"] -= 1
                    return rule
            return None
