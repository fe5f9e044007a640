"""Ceph's object gateway: real S3 software, as a cluster of one in a folder that is thrown away."""

from __future__ import annotations

import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mlflow.blobs.s3.credentials import Keys
from tests.servers.object_stores import S3Server
from tests.servers.processes import free_port, open_folder, stop, wait_until

KEYS = Keys("testkey", "testsecret")
_PROGRAMS = ("ceph-authtool", "monmaptool", "ceph-mon", "ceph-osd", "radosgw-admin", "radosgw")


def missing_programs() -> list[str]:
    """What is not installed of what it needs."""
    return [program for program in _PROGRAMS if shutil.which(program) is None]


@contextmanager
def run_ceph(store: str = "memstore") -> Iterator[S3Server]:
    """A monitor, a disk and a gateway.

    Args:
        store: `memstore` keeps objects in memory and starts in two seconds; `bluestore`, for large
            objects, keeps them in a file and takes five times as long.
    """
    folder = open_folder("ceph")
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        cluster = _Cluster(folder, store, stack)
        cluster.prepare()
        monitor = cluster.start("ceph-mon", "-i", "a")
        cluster.add_disk()
        disk = cluster.start("ceph-osd", "-i", "0")
        cluster.run(
            *("radosgw-admin", "user", "create", "--uid=tester", "--display-name=tester"),
            *(f"--access-key={KEYS.key_id}", f"--secret={KEYS.secret}"),
        )
        gateway = cluster.start("radosgw", "-n", "client.gateway")
        log = folder / "radosgw.out"
        wait_until(lambda: _listens(cluster.port), gateway, "Ceph", log, seconds=60)
        url = f"http://127.0.0.1:{cluster.port}"
        yield S3Server(url, KEYS, folder, [gateway, disk, monitor])


class _Cluster:
    def __init__(self, folder: Path, store: str, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._number = str(uuid.uuid4())
        self._monitor = f"v2:127.0.0.1:{free_port()}"
        self.port = free_port()
        self._settings = folder / "ceph.conf"
        lines = [f"{key} = {value}" for key, value in self._chosen(store).items()]
        self._settings.write_text("\n".join(["[global]", *lines, ""]))

    def _chosen(self, store: str) -> dict[str, object]:
        folder = self._folder
        return {
            "fsid": self._number,
            "mon initial members": "a",
            "mon host": f"{self._monitor}/0",
            "public addr": "127.0.0.1",
            "cluster addr": "127.0.0.1",
            "ms bind msgr1": "false",
            # Without logins the gateway asks for one over and over, and never starts.
            "auth cluster required": "cephx",
            "auth service required": "cephx",
            "auth client required": "cephx",
            "keyring": folder / "keyring",
            "run dir": folder,
            "admin socket": folder / "$name.asok",
            "pid file": folder / "$name.pid",
            "log file": folder / "$name.log",
            "mon data": folder / "monitor",
            "osd data": folder / "disk",
            "osd objectstore": store,
            "memstore device bytes": 4 * 1024**3,
            "bluestore block size": 12 * 1024**3,
            "bluestore fsck on mount": "false",
            "osd memory target": 896 * 1024**2,
            # One disk, one copy, few groups: all in a second.
            "osd pool default size": 1,
            "osd pool default min size": 1,
            "osd pool default pg num": 4,
            "osd pool default pgp num": 4,
            "osd pool default pg autoscale mode": "off",
            "osd crush chooseleaf type": 0,
            "osd class default list": "*",
            "osd class load list": "*",
            "mon allow pool size one": "true",
            "mon warn on pool no redundancy": "false",
            "mon max pg per osd": 1000,
            "mon osd min down reporters": 1,
            "mon data avail warn": 1,
            "mon data avail crit": 1,
            "paxos propose interval": 0.1,
            "rgw frontends": f"beast endpoint=127.0.0.1:{self.port} tcp_nodelay=1",
            "rgw region root pool": ".rgw.root",
            "rgw dns name": "localhost",
            "rgw thread pool size": 64,
            "rgw enable usage log": "false",
            "rgw enable gc threads": "false",
            "rgw enable lc threads": "false",
            "rgw enable quota threads": "false",
            "rgw run sync thread": "false",
            "debug rgw": 0,
        }

    def prepare(self) -> None:
        """Keys, and the monitor's data."""
        keyring, monitors = self._folder / "keyring", self._folder / "monitors"
        for folder in ("monitor", "disk"):
            (self._folder / folder).mkdir()
        allowed = [word for who in ("mon", "osd", "mgr") for word in ("--cap", who, "allow *")]
        for number, name in enumerate(("mon.", "client.admin", "osd.0", "client.gateway")):
            create = ["--create-keyring"] if number == 0 else []
            self._run("ceph-authtool", keyring, *create, "--gen-key", "-n", name, *allowed)
        self._run(
            *("monmaptool", "--create", "--fsid", self._number),
            *("--addv", "a", self._monitor, monitors),
        )
        self.run("ceph-mon", "-i", "a", "--mkfs", "--monmap", monitors, "--keyring", keyring)

    def add_disk(self) -> None:
        """The disk's data; the cluster must know it by the same number as the disk itself."""
        number = str(uuid.uuid4())
        self.run("ceph", "osd", "new", number)
        self.run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", number)

    def run(self, program: str, *arguments: object) -> None:
        """Run a program of the cluster to its end."""
        self._run(program, "-c", self._settings, *arguments)

    def start(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a program of the cluster, which ends with it."""
        with (self._folder / f"{program}.out").open("wb") as output:
            process = subprocess.Popen(
                [program, "-c", self._settings, *arguments, "-f"],
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._stack.callback(stop, process)
        return process

    def _run(self, *command: object) -> None:
        done = subprocess.run([str(word) for word in command], capture_output=True, timeout=60)
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stderr.decode(errors='replace')}")


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True
