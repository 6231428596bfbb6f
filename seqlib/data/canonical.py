"""Fetch a file from the makers' own address, for those who cannot or will not use the archive."""

import http.client
import shutil
import urllib.error
import urllib.request

from seqlib.data.cache import DataError
from seqlib.files import opened_zip

_TIMEOUT = 30.0  # seconds without a byte


def download(source, folder, progress):
    """Download a source into a folder; `progress` is told the bytes that have arrived."""
    arrived = folder / "download"
    with arrived.open("wb") as file:
        file.writelines(_chunks(source.url, progress))
    if not source.inside:
        return arrived
    taken = folder / source.file
    with (
        opened_zip(arrived, source.url) as opened,
        opened.open(source.inside) as stream,
        taken.open("wb") as file,
    ):
        shutil.copyfileobj(stream, file)
    return taken


def _chunks(url, progress):
    """Yield the body at an address; raise DataError unless all of it comes."""
    count = 0
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "seqlib"})
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
            promised = answer.headers.get("Content-Length")
            while chunk := answer.read(1 << 18):
                count += len(chunk)
                progress(count)
                yield chunk
    except urllib.error.HTTPError as error:
        error.close()
        raise DataError(f"{url} answered {error.code} {error.reason}") from None
    except (OSError, ValueError, http.client.HTTPException) as error:  # of an odd address
        raise DataError(f"{url} could not be read: {getattr(error, 'reason', error)}") from None
    if promised not in (None, str(count)):
        raise DataError(f"{url} broke off after {count} of {promised} bytes")
