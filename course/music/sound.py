"""Pieces as sound: rendered with a free sound font, or with plain sine waves, and played."""

import base64
import io
from pathlib import Path

import numpy as np

from course.music.excerpt import excerpt
from course.music.export import CHURCH_ORGAN, check_suffix, midi
from course.music.scores import ScoreError
from seqlib.files import whole_file

__all__ = ["player", "render", "write_wav"]

RENDERERS = ("auto", "soundfont", "sine")

_PEAK = 0.9  # of the largest sample
_GAP = 0.04  # seconds between a note and the next, so that a repeated note is heard anew
_TAIL = 0.8  # seconds in which the last note dies away
_FADE = 0.4  # of these, the last ones, in which the sound goes to nothing
_MP3_QUALITY = 0.9  # of soundfile's 0 (large) to 1 (small): about 30 kbit/s for one channel
_PLAIN_RATE = 11025  # Hz, of the WAV where there is no MP3


def render(piece, bars=None, *, tempo=90, rate=22050, program=CHURCH_ORGAN, renderer="auto"):
    """Turn a piece into sound.

    Args:
        piece: A `Piece`.
        bars: First and last bar to play, both included, counted from 1; an upbeat is bar 0. None
            for all.
        tempo: Quarter notes a minute.
        rate: Samples a second.
        program: General MIDI instrument, 0 to 127 (0 piano, 19 church organ, 48 strings, 52
            choir), or one for each part.
        renderer: ``"soundfont"`` plays the instruments of the sound font that comes with
            pretty_midi, by midirenderer; ``"sine"`` plays each note as a sine wave, whatever the
            program, by pretty_midi; ``"auto"`` is the first of these, or the second where
            midirenderer is not installed.

    Returns:
        Samples, array ``(samples,)`` of float32 between -1 and 1, one channel: as long as the
        piece, and 0.8 s in which the last note dies away.

    Raises:
        ScoreError: The piece has no notes or no such bars, there is no such tempo, rate, program or
            renderer, or midirenderer is asked for and not installed.

    Example:
        >>> from course.music.scores import Piece, notes
        >>> tune = Piece("", notes([(0, 0.0, 4.0, 69)]), length=4.0)
        >>> sound = render(tune, tempo=120, renderer="sine")
        >>> sound.shape, sound.dtype  # 2 s and 0.8 s of 22,050 samples
        ((61740,), dtype('float32'))
    """
    if renderer not in RENDERERS:
        raise ScoreError(f"renderer is {renderer!r}; it must be one of {', '.join(RENDERERS)}.")
    if not 1000 <= rate <= 192_000:
        raise ScoreError(f"rate is {rate!r}; it must be 1,000 to 192,000 samples a second.")
    piece = piece if bars is None else excerpt(piece, bars)
    music = midi(piece, tempo, program, gap=_GAP)
    seconds = piece.length * 60 / tempo + _TAIL
    play = _soundfont_player(renderer) if renderer != "sine" else None
    sound = play(music, seconds, rate) if play else music.synthesize(fs=rate, wave=np.sin)
    samples = round(seconds * rate)
    sound = np.pad(sound, (0, max(0, samples - len(sound))))[:samples]
    fade = min(samples, round(_FADE * rate))
    sound[samples - fade :] *= np.linspace(1, 0, fade)
    return (sound * (_PEAK / np.max(np.abs(sound), initial=1e-9))).astype("float32")


def player(piece, bars=None, **options):
    """Show a piece as an audio player in a notebook; the sound is kept in the notebook, as MP3.

    Twenty seconds take 100 to 120 kB. Where soundfile cannot write MP3, the sound is a WAV of
    11,025 samples a second, four times the size.

    Args:
        piece: A `Piece`.
        bars: First and last bar to play; None for all.
        **options: See `render`.

    Returns:
        An `IPython.display.HTML`.

    Raises:
        ScoreError: As `render`.

    Example:
        >>> from course.music.scores import Piece, notes
        >>> player(Piece("", notes([(0, 0.0, 1.0, 69)]), length=1.0), renderer="sine")
        <IPython.core.display.HTML object>
    """
    from IPython.display import HTML

    kind, content = _encoded(piece, bars, options)
    data = base64.b64encode(content).decode("ascii")
    return HTML(f'<audio controls src="data:{kind};base64,{data}"></audio>')


def write_wav(piece, path, bars=None, **options):
    """Write a piece as a WAV file of 16 bits and one channel.

    Args:
        piece: A `Piece`.
        path: File that ends in ``.wav``; one that is there is replaced.
        bars: First and last bar to play; None for all.
        **options: See `render`.

    Raises:
        ScoreError: The name of the file ends otherwise or its folder is missing, or as `render`.

    Example:
        >>> import tempfile
        >>> from course.music.scores import Piece, notes
        >>> tune = Piece("", notes([(0, 0.0, 1.0, 69)]), length=1.0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_wav(tune, Path(folder) / "tune.wav", renderer="sine")
        ...     (Path(folder) / "tune.wav").read_bytes()[:4]
        b'RIFF'
    """
    path = check_suffix(path, (".wav",))
    rate = options.get("rate", 22050)
    content = _file(render(piece, bars, **options), rate, "WAV", subtype="PCM_16")
    with whole_file(path) as file:
        file.write(content)


def _encoded(piece, bars, options):
    """Return the media type and the bytes of a small sound file."""
    import soundfile

    if "MP3" in soundfile.available_formats():
        rate = options.get("rate", 22050)
        small = {"bitrate_mode": "VARIABLE", "compression_level": _MP3_QUALITY}
        sound = render(piece, bars, **options)
        return "audio/mpeg", _file(sound, rate, "MP3", subtype="MPEG_LAYER_III", **small)
    sound = render(piece, bars, **{**options, "rate": _PLAIN_RATE})
    return "audio/wav", _file(sound, _PLAIN_RATE, "WAV", subtype="PCM_16")


def _file(sound, rate, kind, **options):
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, sound, rate, format=kind, **options)
    return buffer.getvalue()


def _soundfont_player(renderer):
    """Return what plays with the sound font; None where it is not installed and may be missing."""
    try:
        import midirenderer
    except ImportError as error:
        if renderer == "auto":
            return None
        raise ScoreError(
            f"midirenderer, which plays sound fonts, cannot be imported ({error}). Install it with "
            '"pip install midirenderer", or choose renderer="sine".'
        ) from error

    def play(music, seconds, rate):
        import pretty_midi
        import soundfile

        # A control change that nothing listens to keeps the file going until the last note is over.
        music.instruments[0].control_changes.append(pretty_midi.ControlChange(3, 0, seconds))
        buffer = io.BytesIO()
        music.write(buffer)
        font = (Path(pretty_midi.__file__).parent / "TimGM6mb.sf2").read_bytes()
        wave = midirenderer.render_wave_from(font, buffer.getvalue())
        sound, made_rate = soundfile.read(io.BytesIO(wave), always_2d=True)
        return _resample(sound.mean(axis=1), made_rate, rate)

    return play


def _resample(sound, rate, wanted):
    """Return sound at another rate: its spectrum is cut, or continued with nothing."""
    if rate == wanted:
        return sound
    block = rate // np.gcd(rate, int(wanted))
    sound = np.pad(sound, (0, -len(sound) % int(block)))
    samples = len(sound) * int(wanted) // rate
    spectrum = np.fft.rfft(sound)[: samples // 2 + 1]
    return np.fft.irfft(spectrum, samples) * (samples / len(sound))
