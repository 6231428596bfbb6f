"""Sound from files: any rate, any number of channels, to one channel at the rate that is wanted."""

import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from course.audio.errors import AudioError

RATE = 16_000  # samples a second, of all sound in this room
SHORTEST = 0.025  # seconds: one window of the spectrogram
LONGEST = 3600  # seconds

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

    Channels are averaged, other rates resampled. 8-bit files, clipped ones and silent ones are
    read as they are, and a remark says what is the matter; what is no sound, or shorter than 25 ms,
    or longer than an hour, is an `AudioError`.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write(Path(folder) / "a.wav", np.zeros((44_100, 2), "float32"), 44_100)
        ...     recording = read(Path(folder) / "a.wav")
        >>> recording.samples.shape, recording.channels, recording.remarks
        ((16000,), 2, ('It is silent throughout.',))
    """
    import soundfile

    if isinstance(path, (bytes, bytearray, memoryview)):
        name, source = "The recording", io.BytesIO(bytes(path))
        size = len(source.getvalue())
    else:
        name, source = str(path), Path(path)
        if not source.is_file():
            raise AudioError(f"{name}: there is no such file.")
        size = source.stat().st_size
    if size == 0:
        raise AudioError(f"{name} is empty (0 bytes); record it again.")
    try:
        with soundfile.SoundFile(source) as file:
            kind, original = file.subtype, file.samplerate
            if file.frames > LONGEST * original:
                raise AudioError(f"{name} is longer than an hour; cut it.")
            samples = file.read(dtype="float32", always_2d=True)
    except soundfile.SoundFileError as error:
        reason = str(error).rpartition(": ")[2].rstrip(".")
        raise AudioError(
            f"{name} is no sound that can be read ({reason}). Save it as WAV."
        ) from None
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
    remarks = _remarks(samples, kind)
    mono = resample(to_mono(samples), original, rate)
    return Recording(mono, rate, original, samples.shape[1], remarks)


def write(path, samples, rate=RATE):
    """Write samples (samples,) or (samples, channels) to a 16-bit WAV file or stream, clipped."""
    import soundfile

    target = path if hasattr(path, "write") else str(path)
    samples = np.clip(np.asarray(samples), -1, 1)
    soundfile.write(target, samples, rate, format="WAV", subtype="PCM_16")


def to_mono(samples):
    """Return (samples,) or (samples, channels) as one channel of float32, -1 to 1."""
    samples = np.asarray(samples)
    if samples.dtype.kind not in "fiu" or samples.ndim not in (1, 2):
        raise AudioError(
            f"Sound is an array (samples,) or (samples, channels) of numbers; this is "
            f"{samples.dtype} of shape {samples.shape}."
        )
    if samples.dtype.kind == "u":
        half = (np.iinfo(samples.dtype).max + 1) / 2
        samples = samples.astype("float32") / half - 1  # unsigned samples rest in the middle
    elif samples.dtype.kind == "i":
        samples = samples.astype("float32") / -float(np.iinfo(samples.dtype).min)
    if samples.ndim == 2:
        samples = samples.mean(axis=1)
    if not np.all(np.isfinite(samples)):
        raise AudioError("There are samples that are no numbers (NaN or infinite).")
    return samples.astype("float32")


def resample(samples, rate, new_rate=RATE):
    """Return sound (samples,) at another rate, float32, free of what the new rate cannot hold.

    Example:
        >>> resample(np.ones(44_100), 44_100, 16_000).shape
        (16000,)
    """
    for value in (rate, new_rate):
        if not (float(value).is_integer() and 1000 <= value <= 768_000):
            raise AudioError(f"{value!r} samples a second: it must be 1,000 to 768,000, and whole.")
    if rate == new_rate:
        return np.asarray(samples, "float32")
    from scipy.signal import resample_poly

    common = math.gcd(int(rate), int(new_rate))
    up, down = int(new_rate) // common, int(rate) // common
    return resample_poly(np.asarray(samples, "float32"), up, down).astype("float32")


def _remarks(samples, kind):
    """Return what the reader should know of samples of this subtype."""
    peaks = np.abs(samples)
    if not peaks.any():
        return ("It is silent throughout.",)
    found = []
    if kind in ("PCM_U8", "PCM_S8"):
        found.append("It has 8 bits: hiss at -48 dB, which hides what is soft.")
    share = float(np.mean(peaks >= _CLIPPED))
    if share > _CLIPPED_SHARE:
        found.append(f"It is clipped ({share:.1%} of the samples at full scale): record it softer.")
    return tuple(found)
