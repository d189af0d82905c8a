"""Names in a directory of the host: opened, made, removed, renamed, linked, looked at.

Rules of this file (runtime: WASI programs)
- A path is found by `walk`; what is then done is done to what was found, or to one name in the directory that was
  found, and never follows a link by itself.
- What is there is opened through the descriptor that found it, which cannot be another file by then; what is not there
  is made under its name, and only if it is still not there.
"""

from __future__ import annotations

import os
import stat
import time

from zos_core.wasi import preview1 as p1
from zos_core.wasi.host import Answer, escaped, failed
from zos_core.wasi.hostfiles import HostFiles, answers, file_type, new_times, pack_stat, set_times, sync_flags, through
from zos_core.wasi.preview1 import Err, OFlags
from zos_core.wasi.walk import Place

_TRIES = 16
"""How often a name is looked at again that somebody else makes and removes all the time."""
_NEW_FILE, _NEW_DIRECTORY = 0o666, 0o777
MAX_TARGET = 4096


class HostPaths(HostFiles):
    """The calls that take a path. `directory` is the handle of the directory it starts in."""

    def _place(self, directory: int, path: bytes, *, follow: bool = False) -> Place:
        return Place(self.descriptor(directory), path, follow=follow)

    @answers
    def open(
        self, handle: int, directory: int, path: bytes, *, follow: bool, oflags: int, fdflags: int, read: bool,
        write: bool,
    ) -> Answer:  # fmt: skip
        """Opens as `handle`; the number is the file type."""
        if oflags & OFlags.DIRECTORY and oflags & OFlags.CREAT:
            return failed(Err.INVAL)
        self.find_room()
        mode = (os.O_RDWR if read else os.O_WRONLY) if write else os.O_RDONLY
        mode |= os.O_CLOEXEC | os.O_NONBLOCK | sync_flags(fdflags)
        exclusive = bool(oflags & OFlags.EXCL and oflags & OFlags.CREAT)
        for _ in range(_TRIES):
            with self._place(directory, path, follow=follow and not exclusive) as place:
                if oflags & OFlags.CREAT and place.slash:
                    return failed(Err.ISDIR)
                if place.found is not None:
                    return failed(Err.EXIST) if exclusive else self._open_found(handle, place, oflags, mode, write)
                if not oflags & OFlags.CREAT:
                    return failed(Err.NOENT)
                try:
                    made = os.open(place.name, mode | os.O_CREAT | os.O_EXCL, _NEW_FILE, dir_fd=place.parent)
                except FileExistsError:
                    # Somebody else made it between the two looks: it is found then, or not, by the next one.
                    continue
                self.keep(handle, made)
                return Answer(0, p1.FileType.REGULAR_FILE)
        return failed(Err.AGAIN)

    def _open_found(self, handle: int, place: Place, oflags: int, mode: int, write: bool) -> Answer:
        if place.is_link:
            return failed(Err.LOOP)
        must_be_directory = bool(oflags & OFlags.DIRECTORY) or place.slash
        if must_be_directory and not place.is_directory:
            return failed(Err.NOTDIR)
        if place.is_directory:
            if write or oflags & (OFlags.TRUNC | OFlags.CREAT):
                return failed(Err.ISDIR)
            mode = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        elif not stat.S_ISREG(place.mode):
            return failed(Err.NOTSUP)
        elif oflags & OFlags.TRUNC:
            mode |= os.O_TRUNC
        self.keep(handle, os.open(through(place.found or 0), mode))
        return Answer(0, file_type(place.mode))

    @answers
    def path_stat(self, directory: int, path: bytes, follow: bool) -> Answer:
        with self._place(directory, path, follow=follow) as place:
            refusal = _missing(place)
            return refusal or Answer(0, data=pack_stat(os.fstat(place.found or 0)))

    @answers
    def path_touch(self, directory: int, path: bytes, follow: bool, atime: int, mtime: int, flags: int) -> Answer:
        with self._place(directory, path, follow=follow) as place:
            refusal = _missing(place)
            if refusal is not None:
                return refusal
            if place.is_link:
                times = new_times(os.fstat(place.found or 0), atime, mtime, flags, time.time_ns())
                os.utime(place.name, ns=times, dir_fd=place.parent, follow_symlinks=False)
            else:
                set_times(through(place.found or 0), atime, mtime, flags)
            return Answer(0)

    @answers
    def read_link(self, directory: int, path: bytes) -> Answer:
        with self._place(directory, path) as place:
            refusal = _missing(place)
            if refusal is not None:
                return refusal
            if not place.is_link:
                return failed(Err.INVAL)
            return Answer(0, data=os.readlink(b"", dir_fd=place.found))

    # --- entries --------------------------------------------------------------------------------------------------

    @answers
    def make_directory(self, directory: int, path: bytes) -> Answer:
        with self._place(directory, _without_slash(path)) as place:
            if place.found is not None:
                return failed(Err.EXIST)
            os.mkdir(place.name, _NEW_DIRECTORY, dir_fd=place.parent)
            return Answer(0)

    @answers
    def remove_directory(self, directory: int, path: bytes) -> Answer:
        with self._place(directory, _without_slash(path)) as place:
            if place.dotted:
                return failed(Err.INVAL)
            os.rmdir(place.name, dir_fd=place.parent)
            return Answer(0)

    @answers
    def remove_file(self, directory: int, path: bytes) -> Answer:
        slash = path.endswith(b"/")
        with self._place(directory, _without_slash(path)) as place:
            if place.found is not None and place.is_directory:
                return failed(Err.ISDIR)
            if place.found is not None and slash:
                return failed(Err.NOTDIR)
            os.unlink(place.name, dir_fd=place.parent)
            return Answer(0)

    @answers
    def rename(self, old: int, old_path: bytes, new: int, new_path: bytes) -> Answer:
        slashes = old_path.endswith(b"/"), new_path.endswith(b"/")
        with (
            self._place(old, _without_slash(old_path)) as source,
            self._place(new, _without_slash(new_path)) as target,
        ):
            if source.dotted or target.dotted:
                return failed(Err.BUSY)
            if any(slashes) and source.found is not None and not source.is_directory:
                return failed(Err.NOTDIR)
            os.rename(source.name, target.name, src_dir_fd=source.parent, dst_dir_fd=target.parent)
            return Answer(0)

    @answers
    def link(self, old: int, old_path: bytes, new: int, new_path: bytes) -> Answer:
        """A second name for a file, or for a symbolic link itself."""
        with self._place(old, old_path) as source, self._place(new, _without_slash(new_path)) as target:
            refusal = _missing(source)
            if refusal is not None:
                return refusal
            if target.found is not None:
                return failed(Err.EXIST)
            if new_path.endswith(b"/"):
                return failed(Err.NOENT)
            if source.is_directory:
                return failed(Err.PERM)
            os.link(
                source.name, target.name, src_dir_fd=source.parent, dst_dir_fd=target.parent, follow_symlinks=False
            )
            return Answer(0)

    @answers
    def make_link(self, target: bytes, directory: int, path: bytes) -> Answer:
        """A symbolic link. Its text may lead anywhere but to an absolute path; following it stays inside."""
        if target.startswith(b"/"):
            return escaped()
        if len(target) >= MAX_TARGET:
            return failed(Err.NAMETOOLONG)
        with self._place(directory, _without_slash(path)) as place:
            if place.found is None and path.endswith(b"/"):
                return failed(Err.NOENT)
            os.symlink(target, place.name, dir_fd=place.parent)
            return Answer(0)


def _missing(place: Place) -> Answer | None:
    """Why there is nothing to look at, or None."""
    if place.found is None:
        return failed(Err.NOENT)
    if place.slash and not place.is_directory:
        return failed(Err.NOTDIR)
    return None


def _without_slash(path: bytes) -> bytes:
    """The path to a name itself: a slash after it would have a link there followed."""
    return path.rstrip(b"/") or path
