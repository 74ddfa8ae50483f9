"""Offline: an answer in seconds, in one line, with the three ways out."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from rnncli.datasets import Imdb, KlueTc, hub, reach
from rnncli.errors import DataError


@pytest.fixture
def silent_host() -> Iterator[str]:
    """A host that accepts a connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_silent_host_is_given_up(silent_host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "_TIMEOUT", 0.2)
    started = time.monotonic()
    assert not reach.reachable(silent_host)
    assert time.monotonic() - started < 2


def test_a_name_server_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    monkeypatch.setattr(reach, "_TIMEOUT", -0.8)
    monkeypatch.setattr(reach, "_answers", lambda _: stop.wait(30))
    assert not reach.reachable("https://example.invalid")
    stop.set()


def test_any_answer_will_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            assert reach.reachable(f"http://127.0.0.1:{server.getsockname()[1]}")
        finally:
            thread.join()


@pytest.mark.parametrize("spec", [KlueTc(name="klue-tc"), Imdb(name="imdb")])
def test_out_of_reach_names_the_ways_out(
    spec: KlueTc | Imdb, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    def load(*_: object) -> None:
        raise ConnectionError("Couldn't reach it\non the Hub")

    monkeypatch.delenv("RNN_DATA", raising=False)
    monkeypatch.setattr(hub, "_online", lambda: True)
    monkeypatch.setattr(datasets, "load_dataset", load)
    with pytest.raises(DataError) as caught:
        spec.load()
    (line,) = caught.value.lines
    for part in (
        spec.name,
        "hub",
        "Couldn't reach",
        "go online",
        "data.path",
        "RNN_DATA",
        "sample-",
    ):
        assert part in line


def test_offline_the_hubs_client_is_told_not_to_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets
    import huggingface_hub

    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    hub._stay_offline()
    assert datasets.config.HF_HUB_OFFLINE
    assert huggingface_hub.constants.HF_HUB_OFFLINE
    assert "datasets" in sys.modules
    assert not hub._online()
