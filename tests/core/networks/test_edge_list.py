"""Edge lists: how files are read, what is dropped, and what makes two lists one."""

import gzip
import pickle

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.core.errors import StudyError
from commonweal.core.named import Named
from commonweal.core.networks import EdgeList
from commonweal.core.seats import Seating
from commonweal.core.society import Society
from commonweal.minds.scripted import Scripted
from commonweal.worlds.commons import Commons

TRIANGLE_AND_TAIL = [[0, 1], [0, 2], [1, 2], [2, 3]]


@pytest.mark.parametrize(
    "text",
    [
        "1 2\n1 3\n2 3\n3 9\n",
        "# a comment\n% another\n\n1\t2\t0.5\n3\t1\t0.1\n2\t3\t7\n9\t3\t1\n3\t9\t1\n2\t2\t1\n",
        "source,target,weight\n1,2,0.5\n1,3,1\n2,3,1\n3,9,1\n",
        "1;2\n1;3\n2;3\n3;9\n",
        "ann bob\nann cat\nbob cat\ncat dan\n",
        "1 2\n1 3\n// by and by\n2 3\n3 9\n",
    ],
)
def test_files(tmp_path, text):
    path = tmp_path / "edges.txt"
    path.write_text(text)
    with gzip.open(tmp_path / "edges.txt.gz", "wt") as file:
        file.write(text)
    for found in (EdgeList.read(path), EdgeList.read(str(path) + ".gz")):
        assert found.pairs.tolist() == TRIANGLE_AND_TAIL
    assert EdgeList.read(path).contacts(5).degree.tolist() == [2, 2, 3, 1, 0]


@pytest.mark.parametrize("rest", ["ann, bob\nann, cat\nbob, cat\n% twice\ncat, dan\ndan, cat\n", "1,2\n1,3\n2,3\n3,4\n"])
def test_a_heading_may_be_named(tmp_path, rest):
    """Among names without numbers a heading cannot be told: it is then two more seats, unless the reader is told."""
    path = tmp_path / "edges.csv"
    path.write_text("from,to\n" + rest)
    assert EdgeList.read(path, heading=True).pairs.tolist() == TRIANGLE_AND_TAIL
    assert EdgeList.read(path, heading=False).n == 6
    assert EdgeList.read(path) == EdgeList.read(path, heading="1" in rest)
    path.write_text("from,to\n")
    assert EdgeList.read(path, heading=True) == EdgeList([])


@given(st.integers(0, 10**6), st.integers(2, 20), st.integers(0, 40))
def test_an_edge_is_one_edge_however_it_is_listed(matrix_of, seed, n, count):
    draws = np.random.default_rng(seed)
    listed = draws.integers(0, n, (count, 2))
    known = np.zeros((n, n), int)
    for i, j in listed:
        known[i, j] = known[j, i] = i != j
    flipped = np.where(draws.random((count, 1)) < 0.5, listed, listed[:, ::-1])
    one, other = EdgeList(listed), EdgeList(draws.permutation(np.concatenate([flipped, listed])))
    assert (matrix_of(one, n).todense() == known).all()
    assert one == other
    assert hash(one) == hash(other)
    assert pickle.loads(pickle.dumps(one)) == one


def test_the_edges_are_part_of_the_society():
    def digest(pairs):
        return Society(Commons(), Named.of(("m", Scripted())), Seating(20, network=EdgeList(pairs))).digest

    path = [[i, i + 1] for i in range(19)]
    assert digest(path) == digest(np.asarray(path)[::-1, ::-1])
    assert digest(path) != digest([*path, [0, 19]])
    assert EdgeList(path) != EdgeList(path[:-1])
    assert "EdgeList(pairs=int64[19, 2])" in str(
        Society(Commons(), Named.of(("m", Scripted())), Seating(20, network=EdgeList(path)))
    )


def test_nothing_is_a_list_too(tmp_path):
    (tmp_path / "none").write_text("# nothing\n")
    assert EdgeList.read(tmp_path / "none") == EdgeList([])
    assert EdgeList([]).n == 0
    assert EdgeList([]).contacts(3).degree.tolist() == [0, 0, 0]


@pytest.mark.parametrize("pairs", [[[0, -1]], [[0.5, 1.0]], [0, 1], [[0, 1, 2]], jnp.zeros((2, 2)), [["a", "b"]]])
def test_what_is_no_list_is_refused(pairs):
    with pytest.raises(StudyError, match="expected whole seat numbers"):
        EdgeList(pairs)


def test_mistakes_are_refused(tmp_path):
    with pytest.raises(StudyError, match="4 seats over 3 seats"):
        EdgeList(TRIANGLE_AND_TAIL).contacts(3)
    with pytest.raises(StudyError, match="cannot be read"):
        EdgeList.read(tmp_path / "missing")
    (tmp_path / "short").write_text("1 2\n3\n")
    with pytest.raises(StudyError, match="line 2: found '3'"):
        EdgeList.read(tmp_path / "short")


def test_the_mark_that_spreadsheets_write_is_no_part_of_a_name(tmp_path):
    (tmp_path / "marked.csv").write_text("1,2\n2,3\n", encoding="utf-8-sig")
    (tmp_path / "plain.csv").write_text("1,2\n2,3\n")
    assert EdgeList.read(tmp_path / "marked.csv") == EdgeList.read(tmp_path / "plain.csv")
