"""Sound from files: any rate, any number of channels, to one channel at the rate that is wanted."""

import io
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from course.audio.errors import AudioError
from course.audio.samples import RATE, check_rate, mixed, resample, to_int16
from seqlib.files import whole_file

SHORTEST = 0.025  # seconds: one window of the spectrogram
LONGEST = 3600  # seconds

_LARGEST = 2**31  # bytes
_MOST = 2**29  # samples of all channels: 2 GB, an hour of stereo at 74 kHz
_BLOCK = 2**16  # samples a channel that are read at once
_STREAMED = 0x7FFFF000  # bytes, from which a WAV header means that its writer did not know
_CLIPPED = 0.999  # of full scale
_CLIPPED_SHARE = 1e-3  # of the samples at full scale, from which a recording counts as clipped


@dataclass(frozen=True)
class Recording:
    """Sound that was read from a file."""

    samples: np.ndarray  # one channel, float32 between -1 and 1
    rate: int  # samples a second
    original_rate: int  # of the file
    channels: int  # of the file
    remarks: tuple = ()  # sentences on what is the matter with it

    @property
    def seconds(self):
        """How long it lasts."""
        return len(self.samples) / self.rate

    def __repr__(self):
        return (
            f"Recording({self.seconds:.2f} s at {self.rate} Hz, from {self.channels} channels at "
            f"{self.original_rate} Hz{', with remarks' if self.remarks else ''})"
        )


def read(path, rate=RATE):
    """Read a sound file, a path or its bytes, as a `Recording` of one channel at `rate`.

    Channels are averaged, other rates resampled. What is poor is read, and a remark says what is
    the matter: 8 bits, clipped, silent, louder than full scale (made softer), channels that cancel
    one another out (the loudest alone is taken), a file that was cut off or never finished.

    Raises:
        AudioError: There is no such file, it is no sound, does not say its rate or its length,
            holds NaN or infinite samples, or is shorter than 25 ms or longer than an hour.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write(Path(folder) / "a.wav", np.zeros((44_100, 2), "float32"), 44_100)
        ...     recording = read(Path(folder) / "a.wav")
        >>> recording.samples.shape, recording.channels, recording.remarks
        ((16000,), 2, ('It is silent throughout.',))
    """
    if isinstance(path, (bytes, bytearray, memoryview)):
        name, content = "The recording", bytes(path)
    else:
        name, path = str(path), Path(path)
        if not path.is_file():
            raise AudioError(f"{name}: there is no such file.")
        if path.stat().st_size > _LARGEST:
            raise AudioError(f"{name} is larger than {_LARGEST / 2**30:g} GB; cut it.")
        content = path.read_bytes()
    if not content:
        raise AudioError(f"{name} is empty (0 bytes); record it again.")
    content, remarks = _with_length(content)
    samples, original, kind, told = _decoded(name, content)
    if len(samples) < SHORTEST * original:
        lasts = 1000 * len(samples) / original
        raise AudioError(
            f"{name} is too short ({len(samples)} samples, {lasts:.3g} ms); at least "
            f"{1000 * SHORTEST:g} ms are needed."
        )
    if not np.all(np.isfinite(samples)):
        raise AudioError(
            f"{name} holds samples that are no numbers (NaN or infinite); export it as 16-bit."
        )
    if len(samples) < told and not remarks:
        remarks.append(f"It is cut off: {len(samples):,} of {told:,} samples are there.")
    peak = float(np.abs(samples).max())
    if peak > 1:
        remarks.append(f"It goes up to {peak:.3g} times full scale: it was made softer by that.")
        samples /= peak
    else:
        remarks += _poor(samples, kind, peak)
    mono, cancel = mixed(samples)
    if cancel:
        remarks.append("Its channels cancel one another out: the loudest alone was taken.")
    mono = np.clip(resample(mono, original, rate), -1, 1)  # which may overshoot a little
    return Recording(mono, rate, original, samples.shape[1], tuple(remarks))


def _with_length(content):
    """Return the bytes of a WAV file whose header tells its length, and remarks; others as is.

    A recorder writes the length last, so that 0 stands there where it was stopped.
    """
    at = 12 if content[:4] == b"RIFF" and content[8:12] == b"WAVE" else len(content)
    while at + 8 <= len(content):
        chunk, told = struct.unpack_from("<4sI", content, at)
        at += 8
        there = len(content) - at
        if chunk != b"data":
            at += told + told % 2
        elif there and not told:
            length = struct.pack("<I", there)
            remark = "Its header was never finished: all that follows it was read."
            return content[: at - 4] + length + content[at:], [remark]
        elif there < told < _STREAMED:
            return content, [f"It is cut off: {there:,} of {told:,} bytes of sound are there."]
        else:
            break
    return content, []


class _Bytes(io.BytesIO):
    """Bytes in which libsndfile looks for what a damaged header says: before the first, even."""

    def seek(self, offset, whence=io.SEEK_SET):
        try:
            return super().seek(offset, whence)
        except (OverflowError, ValueError):
            return self.tell()


def _decoded(name, content):
    """Return the samples (samples, channels), their rate and kind, and how many are told of."""
    import soundfile

    blocks, length = [], 0
    try:
        with soundfile.SoundFile(_Bytes(content)) as file:
            kind, original, told = file.subtype, file.samplerate, file.frames
            check_rate(original, f"{name} has ")
            if told == 2**63 - 1:
                raise AudioError(
                    f"{name} does not say how long it is, as when it was written to a pipe. Write "
                    "it to a file, or save it as WAV."
                )
            longest = min(LONGEST * original, _MOST // file.channels)
            # In blocks, because a damaged header may tell of any length.
            while len(block := file.read(_BLOCK, dtype="float32", always_2d=True)):
                blocks.append(block)
                length += len(block)
                if length > longest:
                    raise AudioError(f"{name} is longer than {longest / original:,.0f} s; cut it.")
            samples = np.concatenate(blocks) if blocks else np.zeros((0, file.channels), "float32")
    except soundfile.SoundFileError as error:
        reason = str(error).rpartition(": ")[2].rstrip(".")
        raise AudioError(
            f"{name} is no sound that can be read ({reason}). Save it as WAV."
        ) from None
    return samples, original, kind, told


def write(path, samples, rate=RATE):
    """Write samples (samples,) or (samples, channels) to a WAV file or stream of 16 bits.

    Floats lie between -1 and 1; integers are scaled by their kind. A file is written whole or not
    at all.

    Raises:
        AudioError: The samples are no sound, or louder than full scale, the rate is none, or
            there is no such folder.
    """
    import soundfile

    check_rate(rate)
    content, written = to_int16(samples), io.BytesIO()
    try:
        soundfile.write(written, content, int(rate), format="WAV", subtype="PCM_16")
    except soundfile.SoundFileError as error:
        raise AudioError(f"Sound of shape {content.shape} cannot be written: {error}") from None
    if hasattr(path, "write"):
        path.write(written.getvalue())
        return
    if not Path(path).parent.is_dir():
        raise AudioError(f"{path}: there is no folder {Path(path).parent}. Make it first.")
    with whole_file(path) as file:
        file.write(written.getvalue())


def _poor(samples, kind, peak):
    """Return what the reader should know of samples of this subtype, whose largest is the peak."""
    if not peak:
        return ["It is silent throughout."]
    found = []
    if kind in ("PCM_U8", "PCM_S8"):
        found.append("It has 8 bits: hiss at -48 dB, which hides what is soft.")
    share = float(np.mean(np.abs(samples) >= _CLIPPED))
    if share > _CLIPPED_SHARE:
        found.append(f"It is clipped ({share:.1%} of the samples at full scale): record it softer.")
    return found
