"""Conversations in which one thing is not as it should be."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st


@st.composite
def mutated(draw: st.DrawFn, talk: Sequence[bytes], replies: Sequence[bytes]) -> list[bytes]:
    """What a server says in turn, with one of it missing, said twice, cut, changed, or another reply; or as it is."""
    said = list(talk)
    place = draw(st.integers(0, len(said) - 1))
    match draw(st.sampled_from(["drop", "double", "other", "cut", "flip", "none"])):
        case "drop":
            del said[place]
        case "double":
            said.insert(place, said[place])
        case "other":
            said[place] = draw(st.sampled_from(replies) | st.binary(max_size=30))
        case "cut":
            said = [*said[:place], said[place][: draw(st.integers(0, len(said[place])))]]
        case "flip":
            at = draw(st.integers(0, len(said[place]) - 1))
            said[place] = said[place][:at] + draw(st.binary(min_size=1, max_size=1)) + said[place][at + 1 :]
    return said
