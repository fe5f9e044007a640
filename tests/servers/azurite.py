"""Azurite, the emulator of Azure's stores by Microsoft, from npm, in a folder of the build."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path

from tests.servers.processes import free_port, open_folder, stop, wait_until

#: where `scripts/servers` installs it
PROGRAM = Path(__file__).parents[2] / ".servers/azurite/node_modules/.bin/azurite-blob"
#: the account of every Azurite, whose key is public
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class Azurite:
    """An emulator that runs; it may be stopped, and started again with what it kept.

    Args:
        folder: what it keeps, and its log.
    """

    account = ACCOUNT
    key = KEY

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self.endpoint = f"http://127.0.0.1:{self._port}/{ACCOUNT}"
        self.start()

    @property
    def connection_string(self) -> str:
        """What AZURE_STORAGE_CONNECTION_STRING is set to."""
        return (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
            f"BlobEndpoint={self.endpoint};"
        )

    def start(self) -> None:
        """Start the process, and wait until it answers."""
        log = self._folder / "log"
        command = [
            *("node", str(PROGRAM), "--silent", "--disableTelemetry", "--skipApiVersionCheck"),
            *("--blobHost", "127.0.0.1", "--blobPort", str(self._port)),
            *("--location", str(self._folder / "kept")),
        ]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_until(self._answers, self._process, "azurite", log)

    def stop(self) -> None:
        """End the process."""
        stop(self._process)

    def fresh_container(self) -> str:
        """A new, empty container; its name."""
        name = f"test-{secrets.token_hex(8)}"
        status = self._request("PUT", f"/{ACCOUNT}/{name}", "restype:container")
        assert status == 201, status
        return name

    def _answers(self) -> bool:
        try:
            self._request("GET", f"/{ACCOUNT}", "comp:list")
        except OSError:
            return False
        return True

    def _request(self, method: str, path: str, option: str) -> int:
        """The status of one request, signed with the key of the account."""
        headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-12-02"}
        shown = "\n".join(f"{name}:{value}" for name, value in headers.items())
        text = f"{method}{chr(10) * 12}{shown}\n/{ACCOUNT}{path}\n{option}"
        value = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
        headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(value).decode()}"
        headers["Content-Length"] = "0"
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request(method, f"{path}?{option.replace(':', '=')}", headers=headers)
            return connection.getresponse().status
        finally:
            connection.close()


@contextmanager
def run_azurite() -> Iterator[Azurite]:
    """An Azurite in a throw-away folder."""
    folder = open_folder("azurite")
    azurite = Azurite(folder)
    try:
        yield azurite
    finally:
        azurite.stop()
        shutil.rmtree(folder, ignore_errors=True)
