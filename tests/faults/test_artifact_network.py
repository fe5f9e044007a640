"""A network that cuts, damages, slows and loses what passes, at every kind of place.

What arrives is right, or it is not there; what arrived once is not sent again.
"""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from mlflow import MlflowClient
from mlflow.blobs.uri import PARTIAL
from mlflow.exceptions import MlflowException
from tests.faults.artifact_clients import PART, SETTINGS
from tests.faults.artifacts import Content, State, new_run, root_of, state_of, state_on, write
from tests.servers.fault_proxy import DOWN, UP, Fault, FaultProxy, cut, delay, drawn, flip, stall
from tests.servers.fixtures import ProxyInFront, StartServer
from tests.servers.millstream import RunningServer

SIZE = 9 * PART + 1000
#: heads, listings and answers of one call
HEADS = 64 * 1024
AT_ONCE = 8
#: seconds after which what is stuck is given up; what is not stuck never takes as long
PATIENCE = "3"
#: what a request is known by
THIRD = b"part_number=3"
PUT = b"PUT /api/2.0/mlflow-artifacts/artifacts/"
GET = b"GET /api/2.0/mlflow-artifacts/artifacts/"
PACKED = b"GET /api/2.0/mlflow-artifacts/archive/"
ARCHIVE = b"PUT /api/2.0/mlflow-artifacts/archive/"
CREATE = b"POST /api/2.0/mlflow-artifacts/mpu/create/"
COMPLETE = b"POST /api/2.0/mlflow-artifacts/mpu/complete/"
STAGE = b"POST /api/2.0/mlflow-artifacts/staging/create/"
PUBLISH = b"POST /api/2.0/mlflow-artifacts/staging/complete/"


class Line:
    """A client, a faulty network and a server.

    Attributes:
        run: where artifacts go.
        root: their folder on the server.
    """

    def __init__(self, server: RunningServer, proxy: FaultProxy, folder: Path) -> None:
        self.server = server
        self.proxy = proxy
        self.folder = folder
        self.client = MlflowClient(proxy.url)
        self.run = new_run(server)
        self.root = root_of(self.run)

    def file(self, size: int = SIZE, seed: int = 1) -> tuple[str, Content]:
        """The path of a local file, and what is in it."""
        path = self.folder / "model.bin"
        return str(path), write(path, size, seed)

    def tree(self) -> tuple[str, State]:
        """The path of a local folder with small and large files, and what is in it."""
        sizes = {f"small/{number}": 1000 * number for number in range(20)}
        sizes |= {"middle": PART + 1, "large": 4 * PART}
        folder = self.folder / "model"
        return str(folder), {path: write(folder / path, sizes[path], sizes[path]) for path in sizes}

    def seen(self) -> State:
        """What everyone sees."""
        return state_on(self.server, self.root)


@pytest.fixture
def line(
    start_server: StartServer,
    fault_proxy: ProxyInFront,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Line:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    # The server waits as long as the client does in tests of what gets stuck.
    server = start_server(None, "--client-timeout", PATIENCE)
    return Line(server, fault_proxy(server.url), tmp_path)


def left_over(folder: Path) -> list[Path]:
    return [path for aside in folder.rglob(PARTIAL) for path in aside.iterdir()]


def room_of(paths: list[Path]) -> int:
    """The bytes that files take on the disk; what was never written takes none."""
    files = [file for path in paths for file in (path, *path.rglob("*")) if file.is_file()]
    return sum(file.stat().st_blocks * 512 for file in files)


# -- up ----------------------------------------------------------------------

CUTS = {
    "the first byte of a part's request": cut(1, UP, THIRD),
    "in its head": cut(60, UP, THIRD),
    "before its body": cut(0, UP, THIRD, in_body=True),
    "in the middle of its body": cut(PART // 2, UP, THIRD, in_body=True),
    "at its last byte": cut(PART - 1, UP, THIRD, in_body=True),
    "before its answer": cut(0, DOWN, THIRD),
    "in its answer": cut(20, DOWN, THIRD),
    "three times in its body": cut(1000, UP, THIRD, in_body=True, times=3),
    "in the request to begin": cut(100, UP, CREATE),
    "before the answer to it": cut(0, DOWN, CREATE),
    "in the request to finish": cut(0, UP, COMPLETE, in_body=True),
    "before the answer to that": cut(0, DOWN, COMPLETE),
    "before it twice": cut(0, DOWN, COMPLETE, times=2),
}


@pytest.mark.parametrize("fault", CUTS.values(), ids=CUTS)
def test_an_upload_that_is_cut(line: Line, fault: Fault) -> None:
    path, content = line.file()
    line.proxy.add(fault)
    line.client.log_artifact(line.run, path)
    assert line.proxy.pending() == []
    assert line.seen() == {"model.bin": content}
    # A part is sent twice more where the server still waits for the rest of the first attempt.
    assert line.proxy.up <= SIZE + fault.times * 2 * PART + HEADS
    # Of an upload whose name never came here nothing is left but its name.
    assert left_over(line.server.folder) == [] or fault is CUTS["before the answer to it"]
    assert room_of(left_over(line.server.folder)) < 10_000


def test_an_upload_whose_every_connection_is_cut(line: Line) -> None:
    path, content = line.file()
    line.proxy.add(cut(2 * PART, times=8))
    line.client.log_artifact(line.run, path)
    assert line.seen() == {"model.bin": content}
    assert line.proxy.up <= SIZE + 8 * 2 * PART + HEADS


def test_a_line_that_stays_away_is_told_and_gone_on_with(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    path, content = line.file(40 * PART)
    line.proxy.when(content.size * 3 // 4, line.proxy.away)
    with pytest.raises(MlflowException) as caught:
        line.client.log_artifact(line.run, path)
    assert caught.value.error_code == "TEMPORARILY_UNAVAILABLE"
    assert "model.bin" in caught.value.message
    assert "again" in caught.value.message
    assert line.seen() == {}
    line.proxy.back()
    line.proxy.forget()
    line.client.log_artifact(line.run, path)
    assert line.seen() == {"model.bin": content}
    assert line.proxy.up <= content.size // 4 + AT_ONCE * PART + HEADS


def test_a_line_that_comes_back_is_waited_for(line: Line) -> None:
    path, content = line.file(40 * PART)
    gone = threading.Event()

    def go() -> None:
        line.proxy.away()
        gone.set()

    line.proxy.when(content.size // 2, go)
    sending = threading.Thread(target=line.client.log_artifact, args=(line.run, path))
    sending.start()
    assert gone.wait(30)
    line.proxy.back()
    sending.join(60)
    assert not sending.is_alive()
    assert line.seen() == {"model.bin": content}
    assert line.proxy.up <= content.size + AT_ONCE * PART + HEADS


@pytest.mark.parametrize("at", [0, PART // 2, PART - 1])
def test_a_part_that_is_damaged_on_its_way(line: Line, at: int) -> None:
    path, content = line.file()
    line.proxy.add(flip(at, UP, THIRD, in_body=True))
    line.client.log_artifact(line.run, path)
    assert line.proxy.pending() == []
    assert line.seen() == {"model.bin": content}
    assert SIZE + PART < line.proxy.up <= SIZE + PART + HEADS


def test_a_part_that_is_always_damaged(line: Line) -> None:
    path, content = line.file()
    line.proxy.add(flip(7, UP, THIRD, in_body=True, times=1000))
    with pytest.raises(MlflowException) as caught:
        line.client.log_artifact(line.run, path)
    assert caught.value.error_code == "DATA_LOSS"
    assert "model.bin" in caught.value.message
    assert line.seen() == {}
    line.proxy.clear()
    line.proxy.forget()
    line.client.log_artifact(line.run, path)
    assert line.seen() == {"model.bin": content}
    assert line.proxy.up <= AT_ONCE * PART + HEADS


def test_a_small_file_that_is_damaged_or_cut(line: Line) -> None:
    path, content = line.file(50_000)
    for fault in (
        flip(25_000, UP, PUT, in_body=True),
        cut(25_000, UP, PUT, in_body=True),
        cut(0, DOWN, PUT),
    ):
        line.proxy.add(fault)
        line.client.log_artifact(line.run, path)
        assert line.proxy.pending() == []
        assert line.seen() == {"model.bin": content}


FOLDER_FAULTS = {
    "a batch is cut": cut(50_000, UP, ARCHIVE, in_body=True),
    "a batch is damaged": flip(50_000, UP, ARCHIVE, in_body=True),
    "the answer to a batch is lost": cut(0, DOWN, ARCHIVE),
    "the beginning is lost": cut(0, DOWN, STAGE),
    "the end is cut": cut(0, UP, PUBLISH, in_body=True),
    "the answer to the end is lost": cut(0, DOWN, PUBLISH),
    "a part is cut": cut(1000, UP, THIRD, in_body=True),
    "a part is damaged": flip(1000, UP, THIRD, in_body=True),
}


@pytest.mark.parametrize("fault", FOLDER_FAULTS.values(), ids=FOLDER_FAULTS)
def test_a_folder_on_a_bad_line(line: Line, fault: Fault) -> None:
    path, state = line.tree()
    line.proxy.add(fault)
    line.client.log_artifacts(line.run, path, "model")
    assert line.proxy.pending() == []
    assert state_on(line.server, f"{line.root}/model") == state
    assert left_over(line.server.folder) == []
    line.proxy.forget()
    line.client.log_artifacts(line.run, path, "model")
    assert line.proxy.up <= HEADS  # all of it is there


# -- time --------------------------------------------------------------------


def test_a_part_that_gets_stuck_is_sent_again(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", PATIENCE)
    path, content = line.file()
    line.proxy.add(stall(PART // 2, UP, THIRD, in_body=True))
    line.client.log_artifact(line.run, path)
    assert line.proxy.pending() == []
    assert line.seen() == {"model.bin": content}
    assert line.proxy.up <= SIZE + PART + HEADS


def test_an_answer_that_gets_stuck_is_asked_for_again(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", PATIENCE)
    path, content = line.file()
    line.proxy.add(stall(0, DOWN, THIRD), stall(0, DOWN, COMPLETE))
    line.client.log_artifact(line.run, path)
    assert line.proxy.pending() == []
    assert line.seen() == {"model.bin": content}


def test_a_late_part_does_no_harm(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line holds a part back until long after the client has sent it again."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", PATIENCE)
    path, content = line.file()
    line.proxy.add(delay(1.5 * float(PATIENCE), PART // 2, UP, THIRD, in_body=True))
    line.client.log_artifact(line.run, path)
    assert line.seen() == {"model.bin": content}
    path, content = line.file(SIZE, seed=2)
    line.client.log_artifact(line.run, path)
    assert line.seen() == {"model.bin": content}
    assert line.seen() == {"model.bin": content}


@pytest.mark.slow
def test_time_outs_are_about_progress(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that takes more than twice the time-out arrives at the first attempt."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "3")
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", str(5 * 1024 * 1024))
    path, content = line.file(10 * 1024 * 1024)
    line.proxy.rate = 800_000
    line.client.log_artifact(line.run, path)
    assert line.seen() == {"model.bin": content}
    assert line.proxy.up <= content.size + HEADS
    target = line.folder / "fetched"
    line.client.download_artifacts(line.run, "model.bin", str(target))
    assert state_of(target) == {"model.bin": content}
    assert line.proxy.down <= content.size + HEADS


# -- down --------------------------------------------------------------------

SECOND_RANGE = f"bytes={PART}-".encode()
DOWN_FAULTS = {
    "before an answer": cut(0, DOWN, GET),
    "in its head": cut(40, DOWN, GET),
    "at its first byte": cut(1, DOWN, GET, in_body=True),
    "in its middle": cut(PART // 2, DOWN, GET, in_body=True),
    "at its last byte": cut(PART - 1, DOWN, GET, in_body=True),
    "in a range": cut(1000, DOWN, SECOND_RANGE, in_body=True, times=3),
    "a damaged byte": flip(1000, DOWN, GET, in_body=True),
    "a damaged byte in a range": flip(PART // 2, DOWN, SECOND_RANGE, in_body=True),
}


@pytest.mark.parametrize("fault", DOWN_FAULTS.values(), ids=DOWN_FAULTS)
def test_a_download_on_a_bad_line(line: Line, fault: Fault) -> None:
    path, content = line.file()
    line.client.log_artifact(line.run, path)
    target = line.folder / "fetched"
    line.proxy.forget()
    line.proxy.add(fault)
    line.client.download_artifacts(line.run, "model.bin", str(target))
    assert line.proxy.pending() == []
    assert state_of(target) == {"model.bin": content}
    assert left_over(target) == []
    again = SIZE if fault.kind == "flip" else fault.times * PART
    assert line.proxy.down <= SIZE + again + HEADS


def test_a_download_that_is_always_damaged(line: Line) -> None:
    path, content = line.file()
    line.client.log_artifact(line.run, path)
    target = line.folder / "fetched"
    line.proxy.add(flip(1000, DOWN, GET, in_body=True, times=1000))
    with pytest.raises(MlflowException) as caught:
        line.client.download_artifacts(line.run, "model.bin", str(target))
    assert caught.value.error_code == "DATA_LOSS"
    assert "model.bin" in caught.value.message
    assert state_of(target) == {}
    line.proxy.clear()
    line.client.download_artifacts(line.run, "model.bin", str(target))
    assert state_of(target) == {"model.bin": content}


def test_a_download_that_stops_is_gone_on_with(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    path, content = line.file(40 * PART)
    line.client.log_artifact(line.run, path)
    target = line.folder / "fetched"
    line.proxy.forget()
    line.proxy.when(content.size * 3 // 4, line.proxy.away, DOWN)
    with pytest.raises(MlflowException) as caught:
        line.client.download_artifacts(line.run, "model.bin", str(target))
    assert caught.value.error_code == "TEMPORARILY_UNAVAILABLE"
    assert "again" in caught.value.message
    assert state_of(target) == {}
    line.proxy.back()
    line.proxy.forget()
    line.client.download_artifacts(line.run, "model.bin", str(target))
    assert state_of(target) == {"model.bin": content}
    assert line.proxy.down <= content.size // 4 + AT_ONCE * PART + HEADS


def test_a_download_that_gets_stuck(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", PATIENCE)
    path, content = line.file()
    line.client.log_artifact(line.run, path)
    target = line.folder / "fetched"
    line.proxy.add(stall(PART // 2, DOWN, SECOND_RANGE, in_body=True))
    line.client.download_artifacts(line.run, "model.bin", str(target))
    assert line.proxy.pending() == []
    assert state_of(target) == {"model.bin": content}


def test_a_folder_comes_down_a_bad_line(line: Line) -> None:
    path, state = line.tree()
    line.client.log_artifacts(line.run, path, "model")
    target = line.folder / "fetched"
    line.proxy.add(
        cut(50_000, DOWN, PACKED + f"{line.root}/model".encode(), in_body=True),
        flip(100_000, DOWN, PACKED + f"{line.root}/model".encode(), in_body=True),
        flip(500, DOWN, GET + f"{line.root}/model/middle".encode(), in_body=True),
        cut(1000, DOWN, GET + f"{line.root}/model/large".encode(), in_body=True),
    )
    line.client.download_artifacts(line.run, "model", str(target))
    assert line.proxy.pending() == []
    assert state_of(target / "model") == state


# -- by chance ---------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_many_faults_at_once(line: Line, seed: int) -> None:
    """Cuts wherever a seed has them, and damage in the bodies of parts."""
    dice = random.Random(seed)
    path, content = line.file()
    line.proxy.add(*drawn(seed, 6, SIZE // 3))
    for number in (2, 5, 7):
        request = f"part_number={number}".encode()
        line.proxy.add(flip(dice.randrange(PART), UP, request, in_body=True))
    line.client.log_artifact(line.run, path)
    assert line.seen() == {"model.bin": content}
    line.proxy.clear()
    line.proxy.cut()
    line.proxy.add(*drawn(seed + 100, 6, SIZE // 3))
    line.proxy.add(flip(dice.randrange(PART), DOWN, SECOND_RANGE, in_body=True))
    target = line.folder / "fetched"
    line.client.download_artifacts(line.run, "model.bin", str(target))
    assert state_of(target) == {"model.bin": content}
