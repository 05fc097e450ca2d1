"""Whether, and which, Ray cluster is asked for: what is refused is said in a sentence before anything is joined."""

import sys

import pytest

from core.cluster import Cluster, cluster_of, engine_words
from core.errors import GamutError


def test_this_process_alone_needs_no_ray():
    assert cluster_of("local", None, None) is None and engine_words(None) == []


def test_without_ray_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)  # as where it is not installed
    with pytest.raises(GamutError, match=r"Ray is not installed here.*pip install -r requirements-ray.txt"):
        cluster_of("ray", None, None)


@pytest.mark.parametrize(
    ("given", "said"),
    [(("spark", None, None), "'spark' is not known; use local or ray"), (("local", "auto", None), "--engine ray"),
     (("local", None, 2), "--engine ray")],
)  # fmt: skip
def test_what_no_engine_has_is_refused(given, said):
    with pytest.raises(GamutError, match=said):
        cluster_of(*given)


@pytest.mark.parametrize("address", ["", "ray://head:10001", "head", "head:x", "10.0.0.1:6379; ls"])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(GamutError, match="no address of a Ray cluster"):
        Cluster(address)


@pytest.mark.parametrize("address", ["auto", "127.0.0.1:6379", "head.example.org:6379", "[::1]:6379"])
def test_the_words_of_a_cluster_say_it_again(address):
    assert engine_words(Cluster(address, 3)) == ["--engine", "ray", "--address", address, "--workers", "3"]
