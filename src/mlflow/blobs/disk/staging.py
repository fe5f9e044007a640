"""A folder on disk that becomes visible as a whole.

In PARTIAL, in a folder named after the target and the attempt:

    info     the start of the machine in which files came last
    tree     what was put, as a folder of its own
    partial  files of it that are not complete
    merged   while publishing: hard links of the files that are there and of those in `tree`

Where nothing is at the target, publishing is one rename. Otherwise `merged` and the folder that is
there take each other's place at one moment, while an exclusive lock keeps out who would put
something into the old one. What a crash leaves is the old state or the new one; `tree` is whole
until the end, so publishing can be done again.

Where the file system has no such exchange, no hard links or no locks on folders, or when folders
belong to somebody else, files are renamed one by one.
"""

import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress

from mlflow.blobs.disk import kept_digests
from mlflow.blobs.disk.files import write_all
from mlflow.blobs.disk.handles import FILE, FOLDER, Disk, failure, remove, throw_away
from mlflow.blobs.disk.kernel import boot, exchange, sync_file_system
from mlflow.blobs.disk.locks import PATIENCE, Unlockable, let_go, lock
from mlflow.blobs.place import Busy, Found, Place, Vanished
from mlflow.blobs.uri import PARTIAL

_INFO = "info"
TREE = "tree"
ASIDE = "partial"
_MERGED = "merged"
# What a file system answers that cannot do it; or one below a folder that is another one.
_CANNOT = frozenset(
    {
        errno.EINVAL,
        errno.ENOSYS,
        errno.EOPNOTSUPP,
        errno.EXDEV,
        errno.EPERM,
        errno.EMLINK,
        errno.EBUSY,
    }
)
#: so many files are synced one by one, more with all else on the file system
_FEW = 8


class DiskStaging:
    """A folder that is being made; see `Staging`.

    Args:
        disk: where it will be.
        path: what it is called in errors.
        names: the way to it from the disk's root; none when it is the root, and the folder above
            cannot be used.
        key: the name of its folder in PARTIAL.
        place: its `tree`.
        visible: lists the files that are visible in the folder.
    """

    def __init__(
        self,
        disk: Disk,
        path: str,
        names: Sequence[str],
        key: str,
        place: Place,
        visible: Callable[[], Iterator[Found]],
    ) -> None:
        self._disk = disk
        self._path = path
        self._names = list(names)
        self._key = key
        self._place = place
        self._visible = visible

    @property
    def place(self) -> Place:
        """Where its files go."""
        return self._place

    def there(self) -> Mapping[str, Found]:
        """The files that need not be sent again; see `Staging.there`.

        What is staged has a digest in any case. After the machine has started anew it is read,
        and what does not give its digest has not reached the disk and is removed.
        """
        found = {one.path: one for one in self._visible()}
        try:
            with self._opened() as (_, own):
                fresh = self._is_of_this_start(own)
                for one in list(self._place.walk()):
                    if (checked := self._checked(one, own, fresh)) is not None:
                        found[one.path] = checked
                if not fresh:
                    write_info(own)
        except OSError as error:
            raise failure(error, self._path) from None
        return found

    def publish(self) -> None:
        """Make all of it visible; see `Staging.publish`."""
        try:
            with self._opened() as (aside, own), _folder(TREE, own) as tree:
                # Waits for those who are putting something; who comes later finds nothing.
                self._lock(tree)
                if self._disk.durable:
                    _sync(tree)
                self._publish(tree, own)
                throw_away(self._key, aside)
        except FileNotFoundError:
            raise Vanished(self._path) from None
        except OSError as error:
            raise failure(error, self._path) from None

    def abort(self) -> None:
        """Throw it away; nothing happens when it is not there."""
        try:
            with self._opened() as (aside, _):
                throw_away(self._key, aside)
        except (Vanished, FileNotFoundError):
            return
        except OSError as error:
            raise failure(error, self._path) from None

    # -- how it becomes visible ----------------------------------------------------

    def _publish(self, tree: int, own: int) -> None:
        names = list(self._names)
        with ExitStack() as stack:
            source, name, here = own, TREE, tree
            # As little as possible is exchanged: down to where there is something to decide.
            while len(inner := os.listdir(here)) == 1 and _is_folder(inner[0], here):
                source, name = here, inner[0]
                names.append(name)
                here = stack.enter_context(_folder(name, source))
            if not inner:
                return
            if len(inner) == 1:
                self._disk.settle(inner[0], here, names, inner[0])
                return
            while not (names and self._rename(source, name, names)):
                try:
                    if not names:
                        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
                    if self._exchange(here, own, names):
                        return
                except OSError as error:
                    if error.errno not in _CANNOT and not isinstance(error, Unlockable):
                        raise
                    self._one_by_one(here, names)
                    return

    def _rename(self, source: int, name: str, names: Sequence[str]) -> bool:
        """Publish where nothing is; whether nothing was."""
        *folders, target = names
        with self._disk.hold(folders, make=True) as parent:
            try:
                os.rename(name, target, src_dir_fd=source, dst_dir_fd=parent)
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                    return False
                raise
            if self._disk.durable:
                os.fsync(parent)
        return True

    def _exchange(self, here: int, own: int, names: Sequence[str]) -> bool:
        """Publish where a folder is; whether it was still there."""
        try:
            with self._disk.hold(names, exclusive=True) as old:
                with suppress(FileNotFoundError):  # a kill left it
                    remove(_MERGED, own)
                os.mkdir(_MERGED, dir_fd=own)
                with _folder(_MERGED, own) as merged, _folder("..", old) as parent:
                    unfinished: list[tuple[str, ...]] = []
                    _merge(old, here, merged, (), unfinished)
                    if self._disk.durable:
                        for folder in _folders(merged):
                            os.fsync(folder)
                    _move_partials(unfinished, old, merged)
                    try:
                        exchange(_MERGED, own, names[-1], parent)
                    except OSError:  # the old folder stays where it is
                        _move_partials(unfinished, merged, old)
                        raise
                    if self._disk.durable:
                        os.fsync(parent)
        except FileNotFoundError:
            return False
        return True

    def _one_by_one(self, here: int, names: list[str]) -> None:
        for name in sorted(os.listdir(here)):
            if _is_folder(name, here):
                with _folder(name, here) as inner:
                    self._one_by_one(inner, [*names, name])
            else:
                self._disk.settle(name, here, names, name)

    # -- what is there ---------------------------------------------------------------

    @contextmanager
    def _opened(self) -> Iterator[tuple[int, int]]:
        """The handles of PARTIAL and of the folder in it; Vanished when it is not there."""
        with ExitStack() as stack:
            try:
                aside = stack.enter_context(self._disk.beside())
                own = stack.enter_context(_folder(self._key, aside))
            except FileNotFoundError:
                raise Vanished(self._path) from None
            yield aside, own

    def _lock(self, tree: int) -> None:
        with suppress(OSError):
            if not lock(tree, fcntl.LOCK_EX, PATIENCE):
                raise Busy(f"Files are still being put into {self._path!r}. Try again.")
        with self._opened() as (_, own), _folder(TREE, own) as now:
            if not os.path.samestat(os.fstat(now), os.fstat(tree)):
                raise Vanished(self._path)

    def _is_of_this_start(self, own: int) -> bool:
        try:
            handle = os.open(_INFO, FILE, dir_fd=own)
        except FileNotFoundError:
            return False
        try:
            return bool(boot()) and os.read(handle, 100).decode("ascii", "replace") == boot()
        finally:
            os.close(handle)

    def _checked(self, one: Found, own: int, fresh: bool) -> Found | None:
        """A staged file with its digest, None when it is damaged."""
        if fresh and one.digest is not None:
            return one
        *folders, name = [TREE, *one.path.split("/")]
        with _way(folders, own) as parent:
            handle = os.open(name, FILE, dir_fd=parent)
            try:
                digest = kept_digests.of_file(handle, one.digest)
                if one.digest is None:
                    kept_digests.keep(handle, digest)
            finally:
                os.close(handle)
            if one.digest in (None, digest):
                return one._replace(digest=digest)
            os.unlink(name, dir_fd=parent)
        return None


def key_of(names: Sequence[str], name: str) -> str:
    """The name in PARTIAL of the attempt `name` to make the folder that `names` lead to."""
    return hashlib.sha256("\0".join([name, *names]).encode("utf-8", "surrogateescape")).hexdigest()


def begin(disk: Disk, key: str) -> None:
    """Make what a folder needs that is to be staged; what is there already stays."""

    def make(aside: int) -> None:
        with suppress(FileExistsError):
            os.mkdir(key, dir_fd=aside)
        with _folder(key, aside) as own:
            for name in (TREE, ASIDE):
                with suppress(FileExistsError):
                    os.mkdir(name, dir_fd=own)
            if not os.access(_INFO, os.F_OK, dir_fd=own):
                write_info(own)

    aside, _ = disk.making(make)
    disk.leave(aside)


def write_info(own: int) -> None:
    """Note in which start of the machine the files were good."""
    handle = os.open(_INFO, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o666, dir_fd=own)
    try:
        write_all(handle, boot().encode())
    finally:
        os.close(handle)


def _merge(
    old: int | None,
    new: int | None,
    into: int,
    way: tuple[str, ...],
    unfinished: list[tuple[str, ...]],
) -> None:
    """Link the files of two folders into a third one; those of `new` win.

    Args:
        way: how this folder is called from the one that is published.
        unfinished: takes the ways to folders of `old` that have a PARTIAL.
    """
    if old is not None:
        _be_like(into, os.fstat(old))
    kinds = {name: _is_folder(name, new) for name in os.listdir(new)} if new is not None else {}
    before = {name: _is_folder(name, old) for name in os.listdir(old)} if old is not None else {}
    if before.pop(PARTIAL, False):
        unfinished.append(way)
    for name in {**before, **kinds}:
        if kinds.get(name, before.get(name)) != before.get(name, kinds.get(name)):
            number = errno.EISDIR if before[name] else errno.ENOTDIR
            raise OSError(number, os.strerror(number))
        if kinds.get(name, before.get(name)):
            os.mkdir(name, dir_fd=into)
            with ExitStack() as stack:
                inner = [
                    stack.enter_context(_folder(name, side))
                    if side is not None and name in names
                    else None
                    for side, names in ((old, before), (new, kinds))
                ]
                target = stack.enter_context(_folder(name, into))
                _merge(inner[0], inner[1], target, (*way, name), unfinished)
        else:
            source = new if name in kinds else old
            os.link(name, name, src_dir_fd=source, dst_dir_fd=into, follow_symlinks=False)


def _move_partials(ways: Sequence[tuple[str, ...]], old: int, new: int) -> None:
    """Let what is not complete in folders go on in those that take their place."""
    for way in ways:
        with _way(way, old) as source, _way(way, new) as target:
            os.rename(PARTIAL, PARTIAL, src_dir_fd=source, dst_dir_fd=target)


def _be_like(folder: int, old: os.stat_result) -> None:
    """Give a folder the owner and the permissions of the one that it replaces."""
    found = os.fstat(folder)
    if (found.st_uid, found.st_gid) != (old.st_uid, old.st_gid):
        os.fchown(folder, old.st_uid, old.st_gid)
    os.fchmod(folder, stat.S_IMODE(old.st_mode))


def _sync(tree: int) -> None:
    """Bring what is staged to the disk."""
    few: list[int] = []
    with ExitStack() as stack:
        for folder in _folders(tree):
            for name in os.listdir(folder):
                if not _is_folder(name, folder):
                    if len(few) == _FEW:
                        sync_file_system(tree)
                        return
                    few.append(os.open(name, FILE, dir_fd=folder))
                    stack.callback(os.close, few[-1])
        for handle in few:
            os.fsync(handle)
        for folder in _folders(tree):
            os.fsync(folder)


def _folders(top: int) -> Iterator[int]:
    """The handles of a folder and all below it; each is closed when the next one is taken."""
    yield top
    for name in os.listdir(top):
        if _is_folder(name, top):
            with _folder(name, top) as inner:
                yield from _folders(inner)


@contextmanager
def _folder(name: str, parent: int) -> Iterator[int]:
    handle = os.open(name, FOLDER, dir_fd=parent)
    try:
        yield handle
    finally:
        let_go(handle)


@contextmanager
def _way(names: Sequence[str], top: int) -> Iterator[int]:
    """The handle of a folder some way below another one."""
    with ExitStack() as stack:
        here = top
        for name in names:
            here = stack.enter_context(_folder(name, here))
        yield here


def _is_folder(name: str, parent: int) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
