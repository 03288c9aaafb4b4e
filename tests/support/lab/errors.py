"""The one exception of the lab: says what was expected, what happened and how to mend it."""


class LabError(RuntimeError):
    pass
