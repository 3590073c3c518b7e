"""Extended JSON without a driver: what is one value, and what loses nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schematool.core.extended_json import number, plain, read, same, text, truth, whole

NUMBERS_THAT_ARE_ONE = [
    '{"$numberInt":"1"}',
    '{"$numberLong":"1"}',
    '{"$numberDouble":"1.0"}',
    '{"$numberDecimal":"1.00"}',
    "1",
    "1.0",
]


@pytest.mark.parametrize("written", NUMBERS_THAT_ARE_ONE)
def test_numbers_of_one_value_are_the_same(written: str) -> None:
    """The server compares numbers by value, whatever their type."""
    assert same(read(written)) == 1
    assert number(read(written)) == 1


@pytest.mark.parametrize(
    ("canonical", "relaxed"),
    [
        ('{"$numberInt":"7"}', "7"),
        ('{"$numberLong":"7"}', '{"$numberLong":"7"}'),
        ('{"$numberLong":"9007199254740993"}', "9007199254740993"),
        ('{"$numberDouble":"7.0"}', "7.0"),
        ('{"$numberDouble":"-Infinity"}', '{"$numberDouble":"-Infinity"}'),
        ('{"$numberDecimal":"0.10"}', '{"$numberDecimal":"0.10"}'),
        ('{"$date":{"$numberLong":"1700000000123"}}', '{"$date":"2023-11-14T22:13:20.123Z"}'),
        ('{"$date":{"$numberLong":"-1"}}', '{"$date":{"$numberLong":"-1"}}'),
        ('{"$date":"2023-11-14T23:13:20+01:00"}', '{"$date":"2023-11-14T22:13:20Z"}'),
        ('{"$oid":"64b7f0f0f0f0f0f0f0f0f0f0"}', '{"$oid":"64b7f0f0f0f0f0f0f0f0f0f0"}'),
        (
            '{"$uuid":"00112233-4455-6677-8899-aabbccddeeff"}',
            '{"$binary":{"base64":"ABEiM0RVZneImaq7zN3u/w==","subType":"04"}}',
        ),
    ],
)
def test_reading_loosens_only_what_loses_nothing(canonical: str, relaxed: str) -> None:
    """A wrapper goes where plain JSON is read as the same BSON type, and stays elsewhere."""
    assert text(read(canonical)) == relaxed
    assert text(read(relaxed)) == relaxed


def test_values_that_only_look_the_same() -> None:
    """True is no 1, a tenth is no double, and the order of keys means something."""
    assert same(True) is True
    assert same(0.1) != same({"$numberDecimal": "0.1"})
    assert text(same({"a": 1, "b": 2})) != text(same({"b": 2, "a": 1}))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, False), (0.0, False), (None, False), ("", True), ([], True), ({"$numberLong": "0"}, False)],
)
def test_truth_is_the_servers(value: object, expected: bool) -> None:
    """An empty text is true to the server, and zero of any type is false."""
    assert truth(plain(value)) is expected


def test_whole_numbers_are_cut_as_the_server_cuts_them() -> None:
    """3600.7 seconds are 3600; what is no number is none."""
    assert whole(3600.7) == 3600
    assert [whole({"$numberDecimal": text}) for text in ("86400.9", "0.5", "1.5", "-0.4")] == [86401, 0, 2, 0]
    assert whole("3600") is None
    assert whole({"$numberDouble": "NaN"}) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet="abc"), inner),
    )
)
def test_text_reads_back(value: object) -> None:
    """Whatever is written reads back as the same text."""
    written = text(plain(value))

    assert text(read(written)) == written
    assert json.loads(written) == json.loads(text(read(written)))
