"""What is heard behind words: colored noise, babble, tones like music; and the echo of a room."""

import numpy as np
from scipy import fft

from course.audio.samples import RATE

LEVEL = 0.05  # root mean square of all that is made here, that of the spoken words


def colored_noise(generator, seconds, slope=1.0, count=None):
    """Return noise (samples,), or (count, samples), whose power falls with frequency.

    It falls as 1 / f**slope: 0 is white noise (hiss), 1 pink (rain, a fan), 2 brown (a motor far
    away).
    """
    samples = round(seconds * RATE)
    bins = samples // 2 + 1
    shape = (1 if count is None else count, bins)
    spectrum = generator.standard_normal((*shape, 2), dtype="float32").view("complex64")[..., 0]
    frequencies = np.maximum(np.fft.rfftfreq(samples, 1 / RATE), 20.0)
    spectrum *= (frequencies ** (-slope / 2)).astype("float32")
    noise = _levelled(fft.irfft(spectrum, samples))
    return noise[0] if count is None else noise


def babble(generator, speech, seconds, voices=20):
    """Return many voices of `Speech` at once, none of which can be followed: (samples,)."""
    samples = round(seconds * RATE)
    total = np.zeros(samples, "float32")
    for _ in range(voices):
        at = -int(generator.integers(RATE))
        while at < samples:
            words = speech[int(generator.integers(len(speech)))]
            begin, end = max(at, 0), min(at + len(words), samples)
            if end > begin:
                total[begin:end] += words[begin - at : end - at]
            at += len(words)
    return _levelled(total)


def tones(generator, seconds, beat=0.35):
    """Return chords with overtones, one every `beat` seconds or so: not music, but like it."""
    samples = round(seconds * RATE)
    total, at = np.zeros(samples, "float32"), 0
    scale = np.array([0, 2, 4, 5, 7, 9, 11])
    root = generator.uniform(100, 220)
    while at < samples:
        length = round(RATE * beat * generator.choice([0.5, 1, 1, 2]))
        length = min(length, samples - at)
        time = np.arange(length, dtype="float32") / RATE
        step = int(generator.integers(7))
        envelope = np.minimum(1, time / 0.01) * np.exp(-time / generator.uniform(0.15, 1.0))
        for third in (0, 2, 4)[: int(generator.integers(1, 4))]:
            octave, degree = divmod(step + third, 7)
            pitch = root * 2.0 ** (octave + (scale[degree] / 12))
            for overtone in range(1, 7):
                if pitch * overtone < RATE / 2:
                    phase = generator.uniform(0, 6.28)
                    wave = np.sin(2 * np.pi * pitch * overtone * time + phase)
                    total[at : at + length] += envelope * wave / overtone**1.2
        at += length
    return _levelled(total)


def room_response(generator, reverberation=0.3, direct=0.6):
    """Return the answer (samples,) of a room to a clap: the clap, then echoes; its energy is 1.

    `reverberation` is seconds until the echo has fallen by 60 dB, `direct` the share of the energy
    that comes straight.
    """
    time = np.arange(round(reverberation * RATE)) / RATE
    echo = generator.standard_normal(len(time)) * 10 ** (-3 * time / reverberation)
    echo[: round(0.002 * RATE)] = 0  # the nearest wall is half a metre away
    echo *= np.sqrt((1 - direct) / np.sum(echo**2))
    echo[0] = np.sqrt(direct)
    return echo.astype("float32")


def reverberate(sound, response):
    """Return a sound (samples,) as heard in a room of this `room_response`, of the same length."""
    size = fft.next_fast_len(len(sound) + len(response), real=True)
    spectrum = fft.rfft(sound.astype("float32"), size) * fft.rfft(response, size)
    return fft.irfft(spectrum, size)[: len(sound)]


def _levelled(sound):
    """Return sound at the common level."""
    level = np.sqrt(np.mean(np.square(sound), axis=-1, keepdims=True))
    return (sound * (LEVEL / np.maximum(level, 1e-9))).astype("float32")
