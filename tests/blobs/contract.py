"""What any place for artifacts must do, whatever is behind it.

A kind subclasses `Contract`, and `PartsContract` and `StagingContract` if it has these, and gives a
fixture `place`, fresh and empty. What else it lacks it says by the attributes of the class.
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import ClassVar

import pytest

from mlflow.blobs import digests
from mlflow.blobs.digests import Digest
from mlflow.blobs.place import Blob, Changed, Damaged, Part, Parts, Place, Staging, Vanished
from mlflow.exceptions import RESOURCE_DOES_NOT_EXIST, MlflowException
from tests.blobs.spellings import ALLOWED, REFUSED

UNKNOWN = "0123456789abcdef" * 2


def put(place: Place, path: str, content: bytes = b"content") -> None:
    """Put bytes."""
    place.put(path, BytesIO(content))


def content(place: Place, path: str) -> bytes:
    """All bytes of an artifact."""
    with place.get(path) as reading:
        whole = b"".join(reading.pieces())
        assert reading.size in (None, len(whole))
        return whole


def paths(place: Place, path: str = "") -> list[str]:
    """The paths of all files below a folder, sorted."""
    return sorted(found.path for found in place.walk(path))


def digest_of(content: bytes, part_size: int = digests.PART) -> Digest:
    """The digest that a file of this content has."""
    running = digests.Digesting(part_size)
    running.update(content)
    return running.digest()


def send(parts: Parts, path: str, upload_id: str, number: int, part: bytes) -> Part:
    """Put a part; what it is listed as."""
    value = digests.of(parts.algorithm, [part])
    parts.put_part(path, upload_id, number, lambda: [part], len(part), value)
    return Part(value, len(part))


class Contract:
    """The tests that every kind passes."""

    #: whether there are parts; `PartsContract` has the tests then
    has_parts: ClassVar[bool] = True
    #: whether `delete` says that there was nothing
    tells_deleted: ClassVar[bool] = True
    #: whether files have tags, so that a version can be asked for
    has_tags: ClassVar[bool] = True
    #: whether what arrives is checked with a digest that it is put with
    checks_digests: ClassVar[bool] = True
    #: the spellings that it can keep, where a system behind it refuses some
    allowed: ClassVar[tuple[str, ...]] = ALLOWED

    # -- whole files -----------------------------------------------------------------

    def test_an_empty_place(self, place: Place) -> None:
        assert place.list() == []
        assert place.list("a/b") == []
        assert paths(place) == []
        assert place.look("a") is None
        with pytest.raises(MlflowException) as caught, place.get("a") as reading:
            b"".join(reading.pieces())
        assert caught.value.error_code == RESOURCE_DOES_NOT_EXIST

    def test_put_and_get(self, place: Place) -> None:
        big = os.urandom(3 * 1024 * 1024 + 17)
        put(place, "b.bin", big)
        put(place, "a/x.txt", b"x")
        put(place, "a/c/y.txt", b"yy")
        assert content(place, "b.bin") == big
        assert content(place, "a/c/y.txt") == b"yy"
        assert place.list() == [Blob("a", True), Blob("b.bin", False, len(big))]
        assert place.list("a") == [Blob("c", True), Blob("x.txt", False, 1)]
        assert paths(place) == ["a/c/y.txt", "a/x.txt", "b.bin"]
        assert paths(place, "a") == ["c/y.txt", "x.txt"]

    def test_a_stream_is_put_from_where_it_stands(self, place: Place) -> None:
        stream = BytesIO(b"0123456789")
        stream.seek(4)
        place.put("a", stream)
        assert content(place, "a") == b"456789"

    def test_an_empty_file(self, place: Place) -> None:
        put(place, "a/empty", b"")
        assert content(place, "a/empty") == b""
        assert place.list("a") == [Blob("empty", False, 0)]
        found = place.look("a/empty")
        assert found is not None
        assert found.size == 0

    def test_a_file_is_replaced(self, place: Place) -> None:
        put(place, "a", b"first and longer")
        put(place, "a", b"second")
        assert content(place, "a") == b"second"
        assert place.list() == [Blob("a", False, 6)]

    def test_look(self, place: Place) -> None:
        put(place, "a/b", b"12345")
        found = place.look("a/b")
        assert found is not None
        assert (found.path, found.size) == ("a/b", 5)
        assert found.digest in (None, digest_of(b"12345"), Digest("md5", 0, _md5(b"12345")))
        assert place.look("a") is None
        assert place.look("a/c") is None
        [walked] = place.walk()
        assert (walked.path, walked.size) == ("a/b", 5)
        assert walked.tag in ("", found.tag)

    def test_ranges(self, place: Place) -> None:
        whole = bytes(range(256)) * 1000
        put(place, "a", whole)
        for start, length in ((0, 10), (5, 100_000), (255_990, 10), (255_990, 100), (7, None)):
            with place.get("a", start, length) as reading:
                there = b"".join(reading.pieces())
            assert there == whole[start:][:length]
            assert reading.size in (None, len(there))

    def test_tags_tell_versions_apart(self, place: Place) -> None:
        put(place, "a", b"one")
        first = place.look("a")
        assert first is not None
        assert bool(first.tag) is self.has_tags
        with place.get("a", tag=first.tag) as reading:
            assert b"".join(reading.pieces()) == b"one"
            assert reading.found is None or reading.found.tag in ("", first.tag)
        put(place, "a", b"two")
        second = place.look("a")
        assert second is not None
        if self.has_tags:
            assert second.tag != first.tag
            with pytest.raises(Changed), place.get("a", tag=first.tag) as reading:
                b"".join(reading.pieces())

    def test_a_digest_is_checked(self, place: Place) -> None:
        whole = os.urandom(100_000)
        right = digest_of(whole)
        place.put("a", BytesIO(whole), right)
        assert content(place, "a") == whole
        if self.checks_digests:
            with pytest.raises(Damaged):
                place.put("a", BytesIO(b"x" + whole[1:]), right)
            with pytest.raises(Damaged):
                place.put("b/c", BytesIO(whole[1:]), right)
            assert content(place, "a") == whole
            assert paths(place) == ["a"]

    def test_parts_are_there_or_not(self, place: Place) -> None:
        assert (place.parts is not None) is self.has_parts

    def test_delete(self, place: Place) -> None:
        for path in ("a/b", "a/c/d", "e", "ab"):
            put(place, path)
        assert place.delete("a/b")
        assert paths(place) == ["a/c/d", "ab", "e"]
        assert place.delete("a")
        assert paths(place) == ["ab", "e"]
        assert place.list("a") == []
        for path in ("a", "x/y"):
            assert place.delete(path) is not self.tells_deleted

    def test_a_batch(self, place: Place) -> None:
        assert place.most_in_batch >= 1
        put(place, "d/0", b"old")
        files = [(f"d/{number}", b"%d" % number * number) for number in range(20)]
        place.put_batch([*files, ("e/f/g", b"deep"), ("h", b"")])
        for path, wanted in files:
            assert content(place, path) == wanted
        assert content(place, "e/f/g") == b"deep"
        assert len(paths(place)) == 22
        place.put_batch([])

    def test_writing(self, place: Place) -> None:
        writing = place.writing("a/b")
        writing.write(b"one, ")
        assert paths(place) == []
        writing.write(memoryview(b"two"))
        writing.finish()
        writing.discard()
        assert content(place, "a/b") == b"one, two"
        writing = place.writing("a/b")
        writing.write(b"three")
        writing.discard()
        writing.discard()
        assert content(place, "a/b") == b"one, two"

    def test_a_reader_has_one_version(self, place: Place) -> None:
        put(place, "a", b"old" * 1000)
        with place.get("a") as reading:
            there = b"".join(reading.pieces())
        put(place, "a", b"new")
        assert there == b"old" * 1000
        assert content(place, "a") == b"new"

    @pytest.mark.parametrize("path", ALLOWED, ids=ascii)
    def test_any_allowed_name_is_kept(self, place: Place, path: str) -> None:
        if path not in self.allowed:
            with pytest.raises(MlflowException):
                put(place, path)
            return
        put(place, path)
        assert content(place, path) == b"content"
        parent, _, name = path.rpartition("/")
        assert Blob(name, False, 7) in place.list(parent)
        assert paths(place) == [path]
        found = place.look(path)
        assert found is not None
        assert found.path == path
        place.delete(path)
        assert paths(place) == []

    def test_refused_spellings(self, place: Place) -> None:
        put(place, "inside")
        for path in REFUSED:
            for work in (
                lambda path: put(place, path),
                lambda path: place.put_batch([("fine", b""), (path, b"")]),
                lambda path: place.writing(path).discard(),
                lambda path: place.get(path).__enter__(),
                place.look,
                place.list,
                lambda path: list(place.walk(path)),
                place.delete,
                lambda path: place.sweep(0, path),
            ):
                with pytest.raises(MlflowException) as caught:
                    work(path)
                assert caught.value.error_code == "INVALID_PARAMETER_VALUE", path
        for path in ("", *REFUSED):
            with pytest.raises(MlflowException):
                put(place, path)
            with pytest.raises(MlflowException):
                place.delete(path)
        assert paths(place) == ["inside"]

    def test_sweeping_leaves_what_is_whole(self, place: Place) -> None:
        put(place, "a/b")
        place.sweep(-3600)
        place.sweep(-3600, "a", dry=True)
        assert content(place, "a/b") == b"content"


class PartsContract:
    """The tests of those that put files together from parts."""

    #: bytes of a part
    part_size: ClassVar[int] = 64 * 1024
    #: whether a listing knows the size of the whole and of the parts
    knows_sizes: ClassVar[bool] = True
    #: whether the digest made of the parts' is known afterwards
    knows_digest: ClassVar[bool] = True
    #: whether a part that is damaged on its way is refused
    checks_parts: ClassVar[bool] = True

    def pieces(self, count: int = 5) -> list[bytes]:
        """The contents of the parts of a file; the last one is smaller."""
        return [os.urandom(self.part_size) for _ in range(count - 1)] + [os.urandom(1234)]

    def begin(self, place: Place, path: str, pieces: list[bytes]) -> tuple[Parts, str]:
        """Begin a file."""
        parts = place.parts
        assert parts is not None
        assert parts.least_part <= self.part_size
        return parts, parts.begin(path, sum(map(len, pieces)), self.part_size)

    def test_parts_in_any_order(self, place: Place) -> None:
        pieces = self.pieces()
        parts, upload = self.begin(place, "m/big", pieces)
        sent = {
            number: send(parts, "m/big", upload, number, pieces[number - 1])
            for number in (4, 1, 5, 3, 2)
        }
        assert paths(place) == []
        assert place.list() == []
        assert place.look("m/big") is None
        parts.finish("m/big", upload, [sent[number] for number in range(1, 6)])
        assert content(place, "m/big") == b"".join(pieces)
        assert paths(place) == ["m/big"]
        assert parts.unfinished("m/big") == []
        found = place.look("m/big")
        assert found is not None
        if self.knows_digest:
            values = [sent[number].digest for number in range(1, 6)]
            assert found.digest == digests.of_parts(parts.algorithm, self.part_size, values)

    def test_parts_at_the_same_time(self, place: Place) -> None:
        pieces = self.pieces(9)
        parts, upload = self.begin(place, "big", pieces)
        with ThreadPoolExecutor(4) as pool:
            sent = list(
                pool.map(
                    lambda number: send(parts, "big", upload, number, pieces[number - 1]),
                    range(1, 10),
                )
            )
        parts.finish("big", upload, sent)
        assert content(place, "big") == b"".join(pieces)

    def test_one_part_is_enough(self, place: Place) -> None:
        parts, upload = self.begin(place, "small", [b"abc"])
        parts.finish("small", upload, [send(parts, "small", upload, 1, b"abc")])
        assert content(place, "small") == b"abc"

    def test_a_file_in_parts_replaces(self, place: Place) -> None:
        put(place, "big", b"old")
        pieces = self.pieces(2)
        parts, upload = self.begin(place, "big", pieces)
        sent = [send(parts, "big", upload, n, piece) for n, piece in enumerate(pieces, 1)]
        assert content(place, "big") == b"old"
        parts.finish("big", upload, sent)
        assert content(place, "big") == b"".join(pieces)

    def test_what_arrived_is_listed(self, place: Place) -> None:
        pieces = self.pieces()
        parts, upload = self.begin(place, "a/big", pieces)
        sent = {n: send(parts, "a/big", upload, n, pieces[n - 1]) for n in (2, 5)}
        _, other = self.begin(place, "a/other", pieces)
        again = place.parts
        assert again is not None
        [one] = again.unfinished("a/big")
        assert one.upload_id == upload
        assert dict(one.parts) == sent
        if self.knows_sizes:
            assert (one.size, one.part_size) == (sum(map(len, pieces)), self.part_size)
        [two] = again.unfinished("a/other")
        assert (two.upload_id, dict(two.parts)) == (other, {})
        assert again.unfinished("a") == again.unfinished("big") == []
        for number in (1, 3, 4):
            sent[number] = send(again, "a/big", upload, number, pieces[number - 1])
        again.finish("a/big", upload, [sent[number] for number in range(1, 6)])
        assert content(place, "a/big") == b"".join(pieces)

    def test_a_part_is_replaced(self, place: Place) -> None:
        pieces = self.pieces(3)
        parts, upload = self.begin(place, "big", pieces)
        send(parts, "big", upload, 2, os.urandom(self.part_size))
        sent = [send(parts, "big", upload, n, piece) for n, piece in enumerate(pieces, 1)]
        [one] = parts.unfinished("big")
        assert [one.parts[number] for number in sorted(one.parts)] == sent
        parts.finish("big", upload, sent)
        assert content(place, "big") == b"".join(pieces)

    def test_a_damaged_part_is_refused(self, place: Place) -> None:
        if not self.checks_parts:
            return
        pieces = self.pieces(2)
        parts, upload = self.begin(place, "big", pieces)
        right = digests.of(parts.algorithm, [pieces[0]])
        wrong = b"x" + pieces[0][1:] if pieces[0][:1] != b"x" else b"y" + pieces[0][1:]
        with pytest.raises(Damaged):
            parts.put_part("big", upload, 1, lambda: [wrong], len(wrong), right)
        [one] = parts.unfinished("big")
        assert dict(one.parts) == {}
        sent = [send(parts, "big", upload, n, piece) for n, piece in enumerate(pieces, 1)]
        parts.finish("big", upload, sent)
        assert content(place, "big") == b"".join(pieces)

    def test_finishing_needs_all_and_the_right_parts(self, place: Place) -> None:
        pieces = self.pieces(3)
        parts, upload = self.begin(place, "big", pieces)
        sent = [send(parts, "big", upload, n, piece) for n, piece in enumerate(pieces[:2], 1)]
        missing = Part(digests.of(parts.algorithm, [pieces[2]]), len(pieces[2]))
        with pytest.raises(Damaged):
            parts.finish("big", upload, [*sent, missing])
        sent.append(send(parts, "big", upload, 3, pieces[2]))
        other = Part(digests.of(parts.algorithm, [b"other"]), sent[0].size)
        with pytest.raises(Damaged):
            parts.finish("big", upload, [other, *sent[1:]])
        assert paths(place) == []
        parts.finish("big", upload, sent)
        assert content(place, "big") == b"".join(pieces)

    def test_aborting(self, place: Place) -> None:
        pieces = self.pieces(2)
        parts, upload = self.begin(place, "big", pieces)
        sent = [send(parts, "big", upload, n, piece) for n, piece in enumerate(pieces, 1)]
        parts.abort("big", upload)
        parts.abort("big", upload)
        assert parts.unfinished("big") == []
        with pytest.raises(Vanished):
            parts.finish("big", upload, sent)
        with pytest.raises(Vanished):
            send(parts, "big", upload, 1, pieces[0])
        assert paths(place) == []

    @pytest.mark.parametrize("upload_id", [UNKNOWN, "../x", "/etc", "a", "", ".", "a\x00b", "%2e"])
    def test_an_unknown_upload(self, place: Place, upload_id: str) -> None:
        parts = place.parts
        assert parts is not None
        with pytest.raises(Vanished):
            send(parts, "big", upload_id, 1, b"abc")
        with pytest.raises(Vanished):
            parts.finish("big", upload_id, [Part(digests.of(parts.algorithm, [b"abc"]), 3)])
        parts.abort("big", upload_id)
        assert paths(place) == []

    def test_refused_spellings_of_parts(self, place: Place) -> None:
        parts = place.parts
        assert parts is not None
        for path in ("", *REFUSED):
            for work in (
                parts.unfinished,
                lambda path: parts.begin(path, 10, 10),
                lambda path: send(parts, path, UNKNOWN, 1, b"abc"),
                lambda path: parts.finish(path, UNKNOWN, []),
                lambda path: parts.abort(path, UNKNOWN),
            ):
                with pytest.raises(MlflowException) as caught:
                    work(path)
                assert caught.value.error_code == "INVALID_PARAMETER_VALUE", path
        assert paths(place) == []

    def test_what_is_left_behind_is_swept(self, place: Place) -> None:
        pieces = self.pieces(2)
        parts, upload = self.begin(place, "a/big", pieces)
        send(parts, "a/big", upload, 1, pieces[0])
        assert place.sweep(3600)[0] == 0
        assert place.sweep(-3600, "other")[0] == 0
        count, size = place.sweep(-3600, dry=True)
        assert count == 1
        assert size >= self.part_size
        assert place.sweep(-3600)[0] == 1
        assert parts.unfinished("a/big") == []
        with pytest.raises(Vanished):
            send(parts, "a/big", upload, 2, pieces[1])


class StagingContract:
    """The tests of those whose folders appear as a whole."""

    #: whether the same attempt goes on with what an interrupted one left
    resumes: ClassVar[bool] = True

    def stage(self, place: Place, path: str, **files: bytes) -> Staging:
        """An attempt with some files; `__` in a name stands for `/`."""
        staging = place.staging(path, "attempt1")
        for name, there in files.items():
            put(staging.place, name.replace("__", "/"), there)
        return staging

    @pytest.mark.parametrize("target", ["model", "a/b/model", ""])
    def test_it_is_invisible_until_it_is_published(self, place: Place, target: str) -> None:
        put(place, "before", b"before")
        staging = self.stage(place, target, one=b"1", in__two=b"2", in__three=b"")
        assert paths(place) == ["before"]
        assert place.look(f"{target}/one".lstrip("/")) is None
        staging.publish()
        base = f"{target}/" if target else ""
        assert paths(place) == sorted(
            ["before", *(base + name for name in ("one", "in/two", "in/three"))]
        )
        assert content(place, base + "in/two") == b"2"
        assert content(place, "before") == b"before"

    def test_files_are_added_and_replaced(self, place: Place) -> None:
        for path in ("m/same", "m/in/same", "m/in/kept", "m/kept", "n"):
            put(place, path, b"old")
        staging = self.stage(place, "m", same=b"new", in__same=b"new", in__more=b"new", o__p=b"new")
        staging.publish()
        there = {path: content(place, path) for path in paths(place)}
        assert there == {
            "m/same": b"new",
            "m/in/same": b"new",
            "m/in/more": b"new",
            "m/o/p": b"new",
            "m/in/kept": b"old",
            "m/kept": b"old",
            "n": b"old",
        }

    def test_twice_after_each_other(self, place: Place) -> None:
        self.stage(place, "m", a=b"1", b=b"1").publish()
        self.stage(place, "m", a=b"2", c=b"2").publish()
        assert {path: content(place, path) for path in paths(place)} == {
            "m/a": b"2",
            "m/b": b"1",
            "m/c": b"2",
        }

    def test_an_attempt_that_is_given_up(self, place: Place) -> None:
        put(place, "m/a", b"old")
        staging = self.stage(place, "m", a=b"new", b=b"new")
        staging.abort()
        staging.abort()
        assert paths(place) == ["m/a"]
        assert content(place, "m/a") == b"old"
        with pytest.raises(Vanished):
            staging.publish()
        assert paths(place) == ["m/a"]

    def test_an_interrupted_attempt_goes_on(self, place: Place) -> None:
        put(place, "m/before", b"before")
        self.stage(place, "m", a=b"1", in__b=b"2")
        if not self.resumes:
            return
        again = place.staging("m", "attempt1")
        there = again.there()
        assert {path: found.size for path, found in there.items()} == {
            "a": 1,
            "in/b": 1,
            "before": 6,
        }
        put(again.place, "c", b"3")
        again.publish()
        assert paths(place) == ["m/a", "m/before", "m/c", "m/in/b"]

    def test_attempts_do_not_mix(self, place: Place) -> None:
        first = self.stage(place, "m", a=b"1", both=b"1")
        second = place.staging("m", "attempt2")
        assert set(second.there()) <= {"a", "both"}
        put(second.place, "b", b"2")
        put(second.place, "both", b"2")
        other = place.staging("n", "attempt1")
        assert dict(other.there()) == {}
        first.publish()
        assert paths(place) == ["m/a", "m/both"]
        second.publish()
        assert paths(place) == ["m/a", "m/b", "m/both"]
        assert content(place, "m/both") == b"2"
        other.abort()

    def test_files_that_are_put_meanwhile_stay(self, place: Place) -> None:
        put(place, "m/old", b"old")
        staging = self.stage(place, "m", a=b"1", b=b"1")
        put(place, "m/meanwhile", b"x")
        put(place, "m/in/meanwhile", b"x")
        staging.publish()
        assert paths(place) == ["m/a", "m/b", "m/in/meanwhile", "m/meanwhile", "m/old"]

    def test_a_batch_is_staged(self, place: Place) -> None:
        staging = self.stage(place, "m")
        staging.place.put_batch([(f"in/{number}", b"x" * number) for number in range(20)])
        assert paths(place) == []
        staging.publish()
        assert len(paths(place, "m/in")) == 20

    def test_nothing_can_be_published(self, place: Place) -> None:
        self.stage(place, "m").publish()
        assert paths(place) == []

    def test_refused_spellings_of_stagings(self, place: Place) -> None:
        for path in REFUSED:
            with pytest.raises(MlflowException) as caught:
                place.staging(path, "attempt1")
            assert caught.value.error_code == "INVALID_PARAMETER_VALUE", path
        for name in ("", "..", "a/b", "a b", "/", "a\x00"):
            with pytest.raises(MlflowException) as caught:
                place.staging("m", name)
            assert caught.value.error_code == "INVALID_PARAMETER_VALUE", name
        staging = self.stage(place, "m")
        for path in REFUSED:
            with pytest.raises(MlflowException):
                put(staging.place, path)
        staging.abort()
        assert paths(place) == []

    def test_left_attempts_are_swept(self, place: Place) -> None:
        self.stage(place, "m", a=b"1")
        assert place.sweep(3600)[0] == 0
        assert place.sweep(-3600)[0] == 1
        assert paths(place) == []


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
