"""Speak with SVOX Pico in a process of its own; run by `course.audio.speech`, never imported.

It reads ``[[text, voice, speed, pitch], ...]`` and writes as `espeak_process` does, but at 16,000
samples a second.
"""

import json
import sys


def main():
    """Speak the list, in its order."""
    from py_nanotts import NanoTTS

    engine, lengths = NanoTTS(), []
    with open(sys.argv[1], "wb") as file:
        for text, voice, speed, pitch in json.load(sys.stdin):
            samples = engine.speak(text, voice=voice, speed=speed, pitch=pitch)
            lengths.append(len(samples) // 2)
            file.write(samples)
    json.dump(lengths, sys.stdout)


if __name__ == "__main__":
    main()
