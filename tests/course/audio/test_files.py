import io
import os
import struct

import numpy as np
import pytest
import soundfile

from course.audio import RATE, AudioError, read, write


def tone(rate, seconds=1.0, pitch=440, channels=1):
    wave = 0.5 * np.sin(2 * np.pi * pitch * np.arange(round(rate * seconds)) / rate)
    return np.repeat(wave[:, None], channels, axis=1)


@pytest.mark.parametrize(
    ("rate", "channels"), [(8000, 1), (11025, 2), (16000, 6), (44100, 2), (96000, 1)]
)
def test_any_rate_and_number_of_channels(tmp_path, rate, channels):
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(rate, channels=channels), rate)
    recording = read(path)
    assert recording.samples.dtype == np.float32
    assert len(recording.samples) == RATE
    assert (recording.rate, recording.original_rate, recording.channels) == (RATE, rate, channels)
    middle = slice(2000, 14000)
    assert np.abs(recording.samples - tone(RATE)[:, 0])[middle].max() < 0.01
    assert recording.remarks == ()


@pytest.mark.parametrize("subtype", ["PCM_24", "DOUBLE", "ULAW"])
def test_any_kind_of_sample(tmp_path, subtype):
    soundfile.write(tmp_path / "a.wav", tone(RATE), RATE, subtype=subtype)
    assert np.abs(read(tmp_path / "a.wav").samples - tone(RATE)[:, 0]).max() < 0.02


def test_bytes_are_read_like_a_file():
    buffer = io.BytesIO()
    write(buffer, tone(RATE)[:, 0])
    assert read(buffer.getvalue()).seconds == 1.0


@pytest.mark.parametrize(
    ("samples", "subtype", "remark"),
    [
        (tone(RATE)[:, 0], "PCM_U8", "8 bits"),
        (np.clip(4 * tone(RATE)[:, 0], -1, 1), "PCM_16", "clipped"),
        (np.zeros(RATE), "PCM_16", "silent"),
        (np.stack([tone(RATE)[:, 0], -0.9 * tone(RATE)[:, 0]], 1), "PCM_16", "cancel"),
    ],
)
def test_what_is_poor_is_read_with_a_remark(tmp_path, samples, subtype, remark):
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype=subtype)
    recording = read(tmp_path / "a.wav")
    first = samples.reshape(RATE, -1)[:, 0]
    assert np.abs(recording.samples - first).max() < 0.01
    assert remark in recording.remarks[0]


def test_what_is_louder_than_full_scale_is_made_softer(tmp_path):
    soundfile.write(tmp_path / "a.wav", 16_000 * tone(RATE), RATE, subtype="FLOAT")
    recording = read(tmp_path / "a.wav")
    assert recording.samples == pytest.approx(2 * tone(RATE)[:, 0], abs=1e-3)
    assert "8e+03 times full scale" in recording.remarks[0]
    square = np.sign(tone(RATE)[:, 0])  # at half the rate its corners overshoot
    soundfile.write(tmp_path / "a.wav", square, RATE, subtype="FLOAT")
    assert np.abs(read(tmp_path / "a.wav", RATE // 2).samples).max() <= 1


def encoded(samples, rate=RATE, **options):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, **options)
    return bytearray(buffer.getvalue())


def test_lengths_that_the_header_does_not_tell():
    unfinished = encoded(tone(RATE), format="WAV")
    unfinished[4:8] = unfinished[40:44] = bytes(4)
    recording = read(unfinished)
    assert recording.samples == pytest.approx(tone(RATE)[:, 0], abs=1e-4)
    assert "never finished" in recording.remarks[0]
    streamed = encoded(tone(RATE), format="WAV")
    streamed[4:8] = streamed[40:44] = b"\xff" * 4
    assert (read(streamed).seconds, read(streamed).remarks) == (1.0, ())
    piped = encoded(tone(RATE), format="FLAC")
    piped[21] &= 0xF0  # in STREAMINFO, after 18 bytes of the block, 36 bits of samples
    piped[22:26] = bytes(4)
    with pytest.raises(AudioError, match="does not say how long it is"):
        read(piped)


@pytest.mark.parametrize(
    ("format", "subtype"), [("WAV", "PCM_16"), ("WAV", "GSM610"), ("MP3", "MPEG_LAYER_III")]
)
def test_a_file_that_was_cut_off_says_so(format, subtype):
    whole = encoded(tone(RATE), format=format, subtype=subtype)
    assert read(whole).remarks == ()
    half = read(whole[: len(whole) // 2])
    assert 0.25 < half.seconds < 0.75
    assert "cut off" in half.remarks[0]


def test_raw_samples_and_a_name_that_is_not_utf8(tmp_path):
    (tmp_path / "a.raw").write_bytes(bytes(32_000))
    with pytest.raises(AudioError, match="no sound that can be read"):
        read(tmp_path / "a.raw")
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav")
    try:
        write(path, tone(RATE))
    except OSError:
        pytest.skip("This file system takes UTF-8 alone.")
    assert read(path).seconds == 1.0


def test_what_was_read_is_written_as_it_was(tmp_path):
    samples = np.random.default_rng(0).integers(-(2**15), 2**15, RATE).astype("int16")
    for given in (samples, samples / 2.0**15, samples.astype("int32") << 16):
        write(tmp_path / "a.wav", given)
        assert np.array_equal(soundfile.read(tmp_path / "a.wav", dtype="int16")[0], samples)


@pytest.mark.parametrize(
    ("samples", "problem"), [([0.5, np.nan], "no numbers"), ([0.5, 1.5], "go up to 1.5")]
)
def test_what_cannot_be_written_leaves_the_file(tmp_path, samples, problem):
    write(tmp_path / "a.wav", tone(RATE))
    before = (tmp_path / "a.wav").read_bytes()
    with pytest.raises(AudioError, match=problem):
        write(tmp_path / "a.wav", np.array(samples))
    assert (tmp_path / "a.wav").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("format", ["WAV", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF", "RF64"])
def test_damaged_files_are_read_or_refused(format):
    generator = np.random.default_rng(0)
    content = encoded(tone(8000, 0.2, channels=2), 8000, format=format)
    for _ in range(300):
        damaged = content.copy()
        places = generator.integers(0, min(len(content), 200), 4)
        for place in places:
            damaged[place] = generator.choice([0, 1, 127, 128, 255, int(generator.integers(256))])
        if generator.random() < 0.3:
            del damaged[int(places.max()) :: int(generator.integers(1, 50))]
        try:
            recording = read(damaged)
        except AudioError:
            continue
        assert np.abs(recording.samples).max() <= 1


def test_an_empty_file_and_none(tmp_path):
    with pytest.raises(AudioError, match="there is no such file"):
        read(tmp_path / "a.wav")
    (tmp_path / "a.wav").touch()
    with pytest.raises(AudioError, match=r"empty \(0 bytes\)"):
        read(tmp_path / "a.wav")
    with pytest.raises(AudioError, match="empty"):
        read(b"")


@pytest.mark.parametrize("samples", [0, 300])
def test_too_short_a_file(tmp_path, samples):
    soundfile.write(tmp_path / "a.wav", np.zeros(samples), RATE)
    with pytest.raises(AudioError, match=f"too short \\({samples} samples"):
        read(tmp_path / "a.wav")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers(tmp_path, value):
    samples = tone(RATE)
    samples[100] = value
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match="no numbers"):
        read(tmp_path / "a.wav")


@pytest.mark.parametrize(
    "content",
    [
        b"milk, bread",
        b"RIFF" + bytes(40),
        b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt ",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
    ],
)
def test_what_is_no_sound(tmp_path, content):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match="no sound that can be read"):
        read(path)
