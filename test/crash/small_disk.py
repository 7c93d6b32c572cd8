"""A file system of a few megabytes that can be filled. It is mounted for this process and its children only, and goes with them."""

import ctypes
import os
import subprocess
import tempfile
from pathlib import Path

_CLONE_NEWNS = 0x20000


class SmallDisk:
    """The folder `path` on a disk of its own. None of it without the right to mount: make() answers None."""

    def __init__(self, path):
        self.path = Path(path)
        self._ballast = self.path / "ballast"

    @classmethod
    def make(cls, megabytes):
        if os.geteuid() != 0 or ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNS) != 0:
            return None
        folder = tempfile.mkdtemp(prefix="sinan_disk_")
        # Without the first one the mount would be seen outside.
        for command in (["mount", "--make-rprivate", "/"],
                        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "sinan_test", folder]):
            if subprocess.run(command, capture_output=True, check=False).returncode != 0:
                os.rmdir(folder)
                return None
        return cls(folder)

    def close(self):
        subprocess.run(["umount", "-l", str(self.path)], check=False)
        os.rmdir(self.path)

    def free(self):
        status = os.statvfs(self.path)
        return status.f_bavail * status.f_frsize

    def fill(self, leave):
        """Everything but `leave` bytes is taken."""
        with open(self._ballast, "wb") as ballast:
            ballast.truncate(0)
            if self.free() > leave:
                os.posix_fallocate(ballast.fileno(), 0, self.free() - leave)

    def make_room(self):
        self._ballast.unlink(missing_ok=True)

    def read_only(self, on):
        subprocess.run(["mount", "-o", "remount," + ("ro" if on else "rw"), str(self.path)], check=True)
