"""The part of OData that Graph's audit log takes: $filter (eq, ge, gt, le, lt, ne, startswith, and, or, not, brackets,
any), $orderby, $select. Evaluated for real, so that a wrong query shows as a wrong answer or as 400, as it would there.
"""

import re

from . import times


class BadRequest(Exception):
    """Becomes Graph's 400 answer."""


_TOKEN = re.compile(r"\s*(?:(?P<time>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))|(?P<string>'(?:[^']|'')*')"
                    r"|(?P<number>-?\d+)|(?P<name>[A-Za-z_][\w/.]*)|(?P<mark>[(),:]))")
_COMPARE = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "ge": lambda a, b: a is not None and a >= b,
    "gt": lambda a, b: a is not None and a > b, "le": lambda a, b: a is not None and a <= b,
    "lt": lambda a, b: a is not None and a < b,
}


def _tokens(text):
    found, position = [], 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if not match:
            raise BadRequest(f"Invalid filter clause: syntax error at position {position} in '{text}'.")
        found.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


def _member(entity, path):
    for step in path.split("/"):
        entity = entity.get(step) if isinstance(entity, dict) else None
    return entity


class Filter:
    """A compiled $filter. `properties` are the paths that may be used, as the service's documentation lists them."""

    def __init__(self, text, properties):
        self._rest = _tokens(text)
        self._properties = properties
        self.uses_or = False
        self._test = self._or()
        if self._rest:
            raise BadRequest(f"Invalid filter clause: unexpected '{self._rest[0][1]}'.")

    def __call__(self, entity):
        return self._test(entity)

    def _next(self, expected=None):
        if not self._rest:
            raise BadRequest("Invalid filter clause: it ends too early.")
        kind, value = self._rest.pop(0)
        if expected is not None and value != expected:
            raise BadRequest(f"Invalid filter clause: '{expected}' expected, '{value}' found.")
        return kind, value

    def _peek(self, value):
        return bool(self._rest) and self._rest[0] == ("name", value)

    def _or(self):
        left = self._and()
        while self._peek("or"):
            self._next()
            self.uses_or = True
            left = (lambda a, b: lambda entity: a(entity) or b(entity))(left, self._and())
        return left

    def _and(self):
        left = self._term()
        while self._peek("and"):
            self._next()
            left = (lambda a, b: lambda entity: a(entity) and b(entity))(left, self._term())
        return left

    def _term(self):
        kind, value = self._next()
        if (kind, value) == ("mark", "("):
            inner = self._or()
            self._next(")")
            return inner
        if (kind, value) == ("name", "not"):
            inner = self._term()
            return lambda entity: not inner(entity)
        if (kind, value) == ("name", "startswith"):
            self._next("(")
            path = self._path(self._next())
            self._next(",")
            prefix = self._literal(self._next())
            self._next(")")
            return lambda entity: str(_member(entity, path) or "").lower().startswith(str(prefix).lower())
        if kind == "name" and value.endswith("/any"):
            return self._any(value.removesuffix("/any"))
        path = self._path((kind, value))
        return self._compare(path, path)

    def _any(self, collection):
        """collection/any(x:x/property eq 'literal')"""
        self._next("(")
        variable = self._next()[1]
        self._next(":")
        member = self._next()[1].removeprefix(variable + "/")
        self._path(("name", f"{collection}/{member}"))
        test = self._compare(member, f"{collection}/{member}")
        self._next(")")
        return lambda entity: any(test(each) for each in _member(entity, collection) or [])

    def _compare(self, path, name):
        operator = self._next()[1]
        if operator not in _COMPARE:
            raise BadRequest(f"Invalid filter clause: unknown operator '{operator}' after {name}.")
        literal = self._literal(self._next())
        return self._comparison(path, _COMPARE[operator], literal)

    @staticmethod
    def _comparison(path, compare, literal):
        def test(entity):
            value = _member(entity, path)
            if path.endswith("DateTime"):
                value = None if value is None else times.parse(value)
            return compare(value, literal)

        return test

    def _path(self, token):
        kind, value = token
        if kind != "name" or value not in self._properties:
            raise BadRequest(f"Invalid filter clause: property '{value}' can't be filtered on.")
        return value

    @staticmethod
    def _literal(token):
        kind, value = token
        if kind == "string":
            return value[1:-1].replace("''", "'")
        if kind == "time":
            return times.parse(value)
        if kind == "number":
            return int(value)
        if kind == "name" and value in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[value]
        raise BadRequest(f"Invalid filter clause: a literal was expected, '{value}' found.")


def order(entities, text):
    """`text`: property, then asc or desc; equal values keep their order."""
    words = text.split()
    if not words or len(words) > 2 or (len(words) == 2 and words[1] not in ("asc", "desc")):
        raise BadRequest(f"Invalid $orderby '{text}'.")
    return sorted(entities, key=lambda entity: str(_member(entity, words[0]) or ""), reverse=words[-1] == "desc")


def select(entity, text):
    wanted = [name.strip() for name in text.split(",") if name.strip()]
    return {name: value for name, value in entity.items() if name in wanted or name.startswith("@") or name == "id"}
