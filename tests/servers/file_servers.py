"""Real servers of files: FTP (pyftpdlib) and SFTP (OpenSSH), each in a throw-away folder."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.servers.processes import free_port, open_folder, stop, wait_until


class FileServer(NamedTuple):
    """A server of files.

    Args:
        url: of a fresh, empty folder of it, without a slash at the end.
        folder: the same folder on this machine.
    """

    url: str
    folder: Path


@contextmanager
def run_ftp() -> Iterator[FileServer]:
    """An FTP server; the user is `ada`, the password `pass word`."""
    folder, port = open_folder("ftp"), free_port()
    command = [sys.executable, "-m", "pyftpdlib", "--write", "--interface", "127.0.0.1"]
    login = ["--username", "ada", "--password", "pass word"]
    with _running([*command, *login, "--port", str(port), "--directory", str(folder)], port, "FTP"):
        yield FileServer(f"ftp://ada:pass%20word@127.0.0.1:{port}", folder)
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def run_sftp(home: Path) -> Iterator[FileServer]:
    """An SSH server that does SFTP only.

    Args:
        home: folder whose `.ssh` gets a key that it lets in, and its own key among the known ones.
    """
    folder, port = open_folder("sftp"), free_port()
    keys = folder.with_name(f"{folder.name}-keys")
    keys.mkdir(mode=0o700)
    for name in ("host", "user"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / name)]
        subprocess.run(command, check=True)
    ssh = home / ".ssh"
    ssh.mkdir(mode=0o700)
    shutil.copy(keys / "user", ssh / "id_ed25519")
    kind, key, *_ = (keys / "host.pub").read_text().split()
    (ssh / "known_hosts").write_text(f"[127.0.0.1]:{port} {kind} {key}\n")
    (keys / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {keys}/host\nPidFile none\n"
        f"AuthorizedKeysFile {keys}/user.pub\nPermitRootLogin prohibit-password\n"
        "PasswordAuthentication no\nStrictModes no\nUsePAM no\n"
        "Subsystem sftp internal-sftp\n"
    )
    if os.geteuid() == 0:  # where it leaves its privileges
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with _running(["/usr/sbin/sshd", "-D", "-e", "-f", str(keys / "sshd_config")], port, "sshd"):
        yield FileServer(f"sftp://{getpass.getuser()}@127.0.0.1:{port}{folder}", folder)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(keys, ignore_errors=True)


@contextmanager
def _running(command: list[str], port: int, name: str) -> Iterator[None]:
    log = open_folder(name.lower()) / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        wait_until(lambda: _listens(port), process, name, log)
        yield
    finally:
        stop(process)
        shutil.rmtree(log.parent, ignore_errors=True)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
