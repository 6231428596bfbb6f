"""Sound in a notebook: an HTML audio element that holds it, as a small MP3."""

import base64
import io
import math

_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)  # that it knows
_PLAIN_RATE = 11025  # Hz, of the WAV where soundfile cannot write MP3: four times the size


def audio_element(samples, rate, quality):
    """Return HTML that plays samples (samples,); quality is soundfile's 0 (large) to 1 (small).

    A rate that MP3 does not take is raised to the next that it does; 48 kHz is the highest.
    """
    import soundfile

    if "MP3" in soundfile.available_formats():
        small = {"bitrate_mode": "VARIABLE", "compression_level": quality}
        kind, options = "mpeg", {"format": "MP3", "subtype": "MPEG_LAYER_III", **small}
        taken = min((known for known in _MP3_RATES if known >= rate), default=_MP3_RATES[-1])
    else:
        kind, options, taken = "wav", {"format": "WAV", "subtype": "PCM_16"}, _PLAIN_RATE
    if taken != rate:
        from scipy.signal import resample_poly

        common = math.gcd(rate, taken)
        samples = resample_poly(samples, taken // common, rate // common)
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, taken, **options)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<audio controls src="data:audio/{kind};base64,{data}"></audio>'
