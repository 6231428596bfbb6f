import io
import struct

import numpy as np
import pytest
import soundfile

from course.audio import RATE, AudioError, read, resample, to_mono, write


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
    ],
)
def test_what_is_poor_is_read_with_a_remark(tmp_path, samples, subtype, remark):
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype=subtype)
    recording = read(tmp_path / "a.wav")
    assert np.abs(recording.samples - samples).max() < 0.01
    assert remark in recording.remarks[0]


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


def test_integers_are_scaled_and_high_pitches_kept_out():
    assert to_mono(np.array([-128, 127], "int8")) == pytest.approx([-1, 127 / 128])
    assert to_mono(np.array([0, 128, 255], "uint8")) == pytest.approx([-1, 0, 127 / 128])
    assert to_mono(np.array([[-32768, 0]], "int16")) == pytest.approx([-0.5])
    high = np.sin(2 * np.pi * 10_000 * np.arange(44_100) / 44_100)
    assert np.abs(resample(high, 44_100)[1000:-1000]).max() < 0.01


@pytest.mark.parametrize("samples", [np.zeros((2, 2, 2)), np.array(["a"]), np.array(1.0)])
def test_what_is_no_array_of_samples(samples):
    with pytest.raises(AudioError, match="Sound is an array"):
        to_mono(samples)


@pytest.mark.parametrize("rate", [0, -1, 12.5, 10**7])
def test_rates_that_are_none(rate):
    with pytest.raises(AudioError, match="samples a second"):
        resample(np.zeros(10), rate)
