"""A program that is all of OpenStack Swift in one process, with its S3 API.

It is run by the system's Python, for which Debian packages Swift, so it imports nothing of ours.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Mapping
from pathlib import Path

import eventlet
from eventlet import wsgi

_BEHIND = ("account", "container", "object")
_PIPELINE = (
    "catch_errors gatekeeper cache listing_formats bulk s3api tempauth copy slo dlo symlink "
    "versioned_writes proxy-server"
)
_FILTERS = {
    "cache": {"use": "egg:swift#memcache", "memcache_servers": "127.0.0.1:1"},
    "s3api": {
        "location": "us-east-1",
        "dns_compliant_bucket_names": "false",
        "check_bucket_owner": "false",
        "s3_acl": "false",
    },
    "tempauth": {"user_test_tester": "testing .admin"},
    "versioned_writes": {"allow_object_versioning": "true"},
}


def main(folder: Path, port: int) -> None:
    """Serve until the process is ended."""
    # Only after the sockets below were made to yield to each other.
    from swift.common import storage_policy, utils
    from swift.common.ring import RingData
    from swift.common.wsgi import SwiftHttpProtocol, loadapp

    settings = folder / "settings"
    (folder / "disks" / "one").mkdir(parents=True)
    settings.mkdir()
    sockets = {name: eventlet.listen(("127.0.0.1", 0), backlog=512) for name in _BEHIND}
    sockets["proxy"] = eventlet.listen(("127.0.0.1", port), backlog=512)
    _write(
        settings / "swift.conf",
        {
            "swift-hash": {"swift_hash_path_suffix": "x", "swift_hash_path_prefix": "y"},
            "storage-policy:0": {"name": "one", "default": "yes"},
        },
    )
    shared = {"swift_dir": settings, "user": "root", "log_level": "WARNING"}
    for name in _BEHIND:
        disks = {"devices": folder / "disks", "mount_check": "false", "fallocate_reserve": "0"}
        server = {"use": f"egg:swift#{name}", "allow_versions": "yes"}
        sections: dict[str, Mapping[str, object]] = {
            "DEFAULT": shared | disks,
            "pipeline:main": {"pipeline": f"{name}-server"},
            f"app:{name}-server": server,
        }
        _write(settings / f"{name}-server.conf", sections)
    proxy = {"use": "egg:swift#proxy", "account_autocreate": "true", "node_timeout": "60"}
    _write(
        settings / "proxy-server.conf",
        {
            "DEFAULT": shared,
            "pipeline:main": {"pipeline": _PIPELINE},
            "app:proxy-server": proxy,
            **{
                f"filter:{name}": {"use": f"egg:swift#{name}"} | _FILTERS.get(name, {})
                for name in _PIPELINE.split()[:-1]
            },
        },
    )
    utils.SWIFT_CONF_FILE = str(settings / "swift.conf")
    utils.validate_configuration()
    storage_policy.reload_storage_policies()
    for name in _BEHIND:
        address = {"ip": "127.0.0.1", "port": sockets[name].getsockname()[1]}
        disk = address | {"id": 0, "zone": 0, "region": 1, "weight": 1, "device": "one"}
        disk |= {f"replication_{key}": value for key, value in address.items()}
        RingData([array("H", [0])], [disk], 32).save(str(settings / f"{name}.ring.gz"))
    threads = []
    for name, listening in sockets.items():
        application = loadapp(str(settings / f"{name}-server.conf"), global_conf={})
        threads.append(
            eventlet.spawn(
                wsgi.server,
                *(listening, application, _Silent()),
                protocol=SwiftHttpProtocol,
                keepalive=True,
                log_output=False,
            )
        )
    print("ready", flush=True)
    for thread in threads:
        thread.wait()


class _Silent:
    """Takes what nobody wants to read."""

    def write(self, *ignored: object) -> None: ...

    info = debug = warning = error = exception = write


def _write(path: Path, sections: Mapping[str, Mapping[str, object]]) -> None:
    lines = []
    for section, fields in sections.items():
        lines += [f"[{section}]", *(f"{name} = {value}" for name, value in fields.items())]
    path.write_text("\n".join(lines))


if __name__ == "__main__":
    eventlet.monkey_patch()
    main(Path(sys.argv[1]), int(sys.argv[2]))
