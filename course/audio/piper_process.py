"""Speak with a neural voice of Piper in a process of its own; run by `course.audio.piper`.

It reads ``[model file, [[text, slowness, noise], ...]]`` and writes as `espeak_process` does.
"""

import json
import sys

import numpy as np


def main():
    """Speak the list, in its order."""
    import onnxruntime
    from piper import PiperVoice, SynthesisConfig

    model, utterances = json.load(sys.stdin)
    onnxruntime.set_seed(1)  # the voice draws how it says a word
    voice, lengths = PiperVoice.load(model), []
    with open(sys.argv[1], "wb") as file:
        for text, slowness, noise in utterances:
            style = SynthesisConfig(length_scale=slowness, noise_scale=noise, noise_w_scale=noise)
            chunks = [chunk.audio_int16_array for chunk in voice.synthesize(text, style)]
            samples = np.concatenate(chunks)
            lengths.append(len(samples))
            file.write(samples.astype("<i2").tobytes())
    json.dump(lengths, sys.stdout)


if __name__ == "__main__":
    main()
