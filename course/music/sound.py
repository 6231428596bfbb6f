"""Pieces as sound: rendered with a free sound font, or with plain sine waves, and played."""

import io
from pathlib import Path

import numpy as np

from course.audio_element import audio_element
from course.music.excerpt import excerpt
from course.music.export import check_suffix
from course.music.midi_file import CHURCH_ORGAN, midi
from course.music.piece import ScoreError
from seqlib.files import whole_file

__all__ = ["player", "render", "write_wav"]

RENDERERS = ("auto", "soundfont", "sine")

_PEAK = 0.9  # of the largest sample
_GAP = 0.04  # seconds between a note and the next, so that a repeated note is heard anew
_TAIL = 0.8  # seconds in which the last note dies away
_FADE = 0.4  # of these, the last ones, in which the sound goes to nothing
_LONGEST = 3600  # seconds, which take half a gigabyte of memory
_MP3_QUALITY = 0.9  # about 30 kbit/s for one channel


def render(piece, bars=None, *, tempo=90, rate=22050, program=CHURCH_ORGAN, renderer="auto"):
    """Turn a piece into sound (samples,), float32 between -1 and 1; 0.8 s longer, to die away.

    `bars`, `tempo` and `program` are as for `svg` and `write_midi`, `rate` is samples a second. The
    renderer ``"soundfont"`` plays instruments, by midirenderer; ``"sine"`` plays sine waves;
    ``"auto"`` is the first of these where midirenderer is installed.

    Example:
        >>> from course.music import Piece, notes
        >>> tune = Piece("", notes([(0, 0.0, 4.0, 69)]), length=4.0)
        >>> sound = render(tune, tempo=120, renderer="sine")
        >>> sound.shape, sound.dtype  # 2 s and 0.8 s of 22,050 samples
        ((61740,), dtype('float32'))
    """
    if renderer not in RENDERERS:
        raise ScoreError(f"renderer is {renderer!r}; it must be one of {', '.join(RENDERERS)}.")
    if not (isinstance(rate, int | np.integer) and 1000 <= rate <= 192_000):
        raise ScoreError(f"rate is {rate!r}; it must be 1,000 to 192,000 samples a second.")
    piece = piece if bars is None else excerpt(piece, bars)
    music = midi(piece, tempo, program, gap=_GAP, tail=_TAIL)
    seconds = piece.length * 60 / tempo + _TAIL
    if seconds > _LONGEST:
        raise ScoreError(f"{piece.name} takes {seconds:,.0f} s, more than an hour. Choose bars.")
    play = _soundfont_player(renderer) if renderer != "sine" else None
    sound = play(music, rate) if play else _sines(piece, 60 / tempo, rate)
    samples = round(seconds * rate)
    sound = np.pad(sound, (0, max(0, samples - len(sound))))[:samples]
    fade = min(samples, round(_FADE * rate))
    sound[samples - fade :] *= np.linspace(1, 0, fade)
    return (sound * (_PEAK / np.max(np.abs(sound), initial=1e-9))).astype("float32")


def player(piece, bars=None, *, rate=22050, **options):
    """Show a piece as an audio player, a small MP3 (20 s take 120 kB); see `render`."""
    from IPython.display import HTML

    return HTML(audio_element(render(piece, bars, rate=rate, **options), rate, _MP3_QUALITY))


def write_wav(piece, path, bars=None, *, rate=22050, **options):
    """Write a piece to a ``.wav`` file of 16 bits and one channel; see `render`."""
    import soundfile

    path = check_suffix(path, (".wav",))
    sound = render(piece, bars, rate=rate, **options)
    with whole_file(path) as file:
        soundfile.write(file, sound, rate, format="WAV", subtype="PCM_16")


def _sines(piece, quarter, rate):
    """Return a piece as sine waves, quarter notes being so many seconds long."""
    import pretty_midi

    song = pretty_midi.PrettyMIDI()
    for part in range(len(piece.parts)):
        song.instruments.append(pretty_midi.Instrument(0))
        for note in piece.notes[piece.notes["part"] == part]:
            begin, seconds = note["onset"] * quarter, note["duration"] * quarter
            end = begin + seconds - min(_GAP, seconds / 4)
            sound = pretty_midi.Note(80, int(note["pitch"]), begin, end)
            song.instruments[-1].notes.append(sound)
    return song.synthesize(fs=rate, wave=np.sin)


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

    def play(music, rate):
        import pretty_midi
        import soundfile
        from scipy.signal import resample

        buffer = io.BytesIO()
        music.save(file=buffer)
        font = (Path(pretty_midi.__file__).parent / "TimGM6mb.sf2").read_bytes()
        wave = midirenderer.render_wave_from(font, buffer.getvalue())
        sound, played_rate = soundfile.read(io.BytesIO(wave), always_2d=True)
        return resample(sound.mean(axis=1), len(sound) * rate // played_rate)

    return play
