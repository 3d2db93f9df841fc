"""Why something could not be read."""


class ImportingError(Exception):
    """The import cannot go on at all."""


class BrokenThingError(Exception):
    """One thing of the source cannot be read; the others may."""


class OutOfReachError(Exception):
    """Files lie where this import does not look.

    Attributes:
        place: Where that is.
    """

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{reason} ({place})")
        self.place = place
