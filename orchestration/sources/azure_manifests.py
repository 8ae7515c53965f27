"""Azure Cost Management exports: what lies in the container, by manifest."""

from collections.abc import Iterator

from orchestration.errors import DeliveryError
from orchestration.sources.manifests import Announcement, Place


def announcements(place: Place) -> Iterator[Announcement | DeliveryError]:
    """The newest announcement of each period."""
    yield from ()
