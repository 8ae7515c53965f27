"""Google Cloud billing tables extracted to files: one folder an invoice month, which speaks for itself."""

from collections.abc import Iterator

from orchestration.errors import DeliveryError
from orchestration.sources.manifests import Announcement, Place


def announcements(place: Place) -> Iterator[Announcement | DeliveryError]:
    """The newest announcement of each period."""
    yield from ()
