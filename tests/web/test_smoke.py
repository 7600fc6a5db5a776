import urllib.request

from tests.conftest import Door, Maker


def test_review_page(make: Maker, door: Door) -> None:
    """The review page is served."""
    token = make.link(make.session())
    with urllib.request.urlopen(f"{door.base}/s/{token}") as answer:
        assert "Review your session" in answer.read().decode()
