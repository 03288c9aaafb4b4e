"""Reads Prometheus' text format into {(name, ((label, value), ...)): number}, labels sorted by name."""

import re

_SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$")
_LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)')
_ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


def parse(text):
    samples = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        match = _SAMPLE.match(line)
        if not match:
            raise ValueError(f"not a sample: {line!r}")
        labels = tuple(sorted((name, re.sub(r"\\.", lambda m: _ESCAPES[m[0]], value))
                              for name, value in _LABEL.findall(match[2] or "")))
        if (match[1], labels) in samples:
            raise ValueError(f"twice in one exposition: {line!r}")
        samples[match[1], labels] = float(match[3])
    return samples


def key(name, **labels):
    return name, tuple(sorted(labels.items()))


def show(name, labels):
    return name + ("{" + ", ".join(f'{label}="{value}"' for label, value in labels) + "}" if labels else "")
