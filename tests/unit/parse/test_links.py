"""Link fields: relations and their targets, and whatever else may stand there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nettools import Headers, Page, UsageError
from nettools.parse.links import parse_links

BASE = "https://h/api/items?page=1"


@pytest.mark.parametrize(
    ("field", "related"),
    [
        (
            '<https://h/api?page=2>; rel="next", <https://h/api?page=9>; rel="last"',
            {"next": "https://h/api?page=2", "last": "https://h/api?page=9"},
        ),
        ("<?page=2>;rel=next", {"next": "https://h/api/items?page=2"}),
        (
            '</a,b;c>; title="x, <y>; rel=\\"z\\""; REL = "Next prefetch"',
            {"next": "https://h/a,b;c", "prefetch": "https://h/a,b;c"},
        ),
        ("</a>; rel=next; rel=prev, </b>; rel=next", {"next": "https://h/a"}),
        ('</a>; rel="next"; anchor="/other"', {}),
        ("</a>; rel, </b>; =next, </c>, rel=next, <http://[>; rel=up", {}),
        ('</a>; rel="next', {"next": "https://h/a"}),
        ("", {}),
    ],
)
def test_a_link_field_gives_the_first_target_of_each_relation(field: str, related: dict[str, str]) -> None:
    assert parse_links([field], BASE) == related


def test_a_page_says_what_is_related_to_it() -> None:
    headers = Headers([("Link", '<?page=2>; rel="next"'), ("link", "</>; rel=first")])
    page = Page(BASE, 200, "OK", headers)
    assert (page.related("next"), page.related("FIRST"), page.related("prev")) == (
        "https://h/api/items?page=2",
        "https://h/",
        None,
    )
    with pytest.raises(UsageError, match="not NoneType"):
        page.related(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("piece", ["<", '"', '"\\', '\\"', "<>", ";", "=", ",", "<a>;rel=b,", "a", " "])
def test_a_field_of_any_length_is_read_in_linear_time(piece: str) -> None:
    field = piece * (60_000 // len(piece))
    assert isinstance(parse_links([field, '"' + field, "<" + field], BASE), dict)


@given(st.text(alphabet='<>";,=\\ arel/[:', max_size=60))
def test_any_text_gives_a_table_of_relations(field: str) -> None:
    assert all(relation and relation == relation.lower() for relation in parse_links([field], BASE))
