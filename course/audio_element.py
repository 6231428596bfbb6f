"""Sound in a notebook: an HTML audio element that holds it, as a small MP3."""

import base64
import io
import math

_PLAIN_RATE = 11025  # Hz, of the WAV where soundfile cannot write MP3: four times the size


def audio_element(samples, rate, quality):
    """Return HTML that plays samples (samples,); quality is soundfile's 0 (large) to 1 (small)."""
    import soundfile

    if "MP3" in soundfile.available_formats():
        small = {"bitrate_mode": "VARIABLE", "compression_level": quality}
        kind, options = "mpeg", {"format": "MP3", "subtype": "MPEG_LAYER_III", **small}
    else:
        from scipy.signal import resample_poly

        common = math.gcd(rate, _PLAIN_RATE)
        samples = resample_poly(samples, _PLAIN_RATE // common, rate // common)
        kind, rate, options = "wav", _PLAIN_RATE, {"format": "WAV", "subtype": "PCM_16"}
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, **options)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<audio controls src="data:audio/{kind};base64,{data}"></audio>'
