"""Loading any text gives diagnostics or a spec, and the same result each time."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from scimconf.spec.loaded import digest, show
from scimconf.spec.tree import YamlMapping
from tests.spec.reading import load_text

WRITER = (Path(__file__).parents[2] / "examples" / "writer-new" / "scimconf.yaml").read_text()
FRAGMENTS = st.one_of(
    st.text(max_size=5),
    st.sampled_from(["- ", ": ", "{", "}", "[", "]", "&a ", "*a", "!", "|", ">-", "#", "\t", "'", '"', "\n", "---\n", "? ", "<<: ", "${var:", "${env:", "null"]),
)  # fmt: skip


@st.composite
def corrupted_spec(draw):
    text = WRITER
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 20)))
        text = text[:start] + draw(FRAGMENTS) + text[end:]
    return text


def check_load(text):
    first, second = load_text(text, {"people.csv": text}), load_text(text, {"people.csv": text})
    assert first == second
    assert digest(first.resolved) == digest(second.resolved)
    assert (first.spec is None) == bool(first.diagnostics)
    assert all(problem.location is not None for problem in first.diagnostics)
    show(first)


@given(st.one_of(st.text(), st.binary()))
def test_load_of_any_text_gives_diagnostics(text):
    check_load(text)
    assert load_text(text).diagnostics


@given(corrupted_spec())
def test_load_of_a_corrupted_spec_gives_diagnostics_or_a_spec(text):
    check_load(text)


@given(st.randoms())
def test_digest_does_not_depend_on_the_order_of_keys(random):
    def shuffled(value):
        if isinstance(value, YamlMapping):
            keys = list(value)
            random.shuffle(keys)
            return {key: shuffled(value[key]) for key in keys}
        return [shuffled(item) for item in value] if isinstance(value, list) else value

    resolved = load_text(WRITER, {"people.csv": "user,role\nada@contoso.com,admin\n"}).resolved
    assert digest(shuffled(resolved)) == digest(resolved)
