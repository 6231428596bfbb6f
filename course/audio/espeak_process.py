"""Speak with espeak-ng in a process of its own; run by `course.audio.speech`, never imported.

The library keeps global state, is not safe among threads, and ends the process when its data
folder has a long path; in a child process the same list always gives the same samples. It reads
JSON from standard input, ``[[text, voice, rate, pitch, range], ...]``, and writes all samples,
16-bit, to the file named on the command line, and their numbers as JSON to standard output.
"""

import ctypes
import json
import shutil
import sys
import tempfile
from pathlib import Path

import espeakng_loader
import numpy as np

ENGLISH = ("phondata", "phontab", "phonindex", "intonations", "en_dict")
SYNCHRONOUS, UTF8, RATE, PITCH, RANGE = 2, 1, 1, 3, 4  # of espeak's speak_lib.h

CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


def copy_english(folder):
    """Copy the part of espeak's data that English needs, to where the path is short."""
    source, target = Path(espeakng_loader.get_data_path()), Path(folder) / "espeak-ng-data"
    (target / "lang" / "gmw").mkdir(parents=True)
    for name in ENGLISH:
        shutil.copy(source / name, target / name)
    shutil.copytree(source / "voices" / "!v", target / "voices" / "!v")
    for path in (source / "lang" / "gmw").glob("en*"):
        shutil.copy(path, target / "lang" / "gmw" / path.name)


def main():
    """Speak the list, in its order."""
    utterances = json.load(sys.stdin)
    with tempfile.TemporaryDirectory(prefix="sq") as folder:
        copy_english(folder)
        variants = {path.name for path in Path(folder).glob("espeak-ng-data/voices/!v/*")}
        library = ctypes.CDLL(espeakng_loader.get_library_path())
        if library.espeak_Initialize(SYNCHRONOUS, 0, folder.encode(), 0) != 22050:
            sys.exit("espeak-ng did not start; is its data folder whole?")
        library.espeak_ng_SetRandSeed(1)
        heard = []

        def hear(samples, count, _):
            if samples and count > 0:
                heard.append(np.ctypeslib.as_array(samples, (count,)).copy())
            return 0

        callback = CALLBACK(hear)  # kept by a name, or it would be collected
        library.espeak_SetSynthCallback(callback)
        lengths = []
        with open(sys.argv[1], "wb") as file:
            for text, voice, rate, pitch, span in utterances:
                heard.clear()
                _, _, variant = voice.partition("+")  # an unknown one would be passed over
                unknown = variant and variant not in variants
                if unknown or library.espeak_SetVoiceByName(voice.encode()):
                    sys.exit(f"espeak-ng has no voice {voice!r}.")
                for parameter, value in ((RATE, rate), (PITCH, pitch), (RANGE, span)):
                    library.espeak_SetParameter(parameter, value, 0)
                content = text.encode()
                library.espeak_Synth(content, len(content) + 1, 0, 1, 0, UTF8, None, None)
                library.espeak_Synchronize()
                samples = np.concatenate(heard) if heard else np.zeros(0, "int16")
                lengths.append(len(samples))
                file.write(samples.astype("<i2").tobytes())
        library.espeak_Terminate()
    json.dump(lengths, sys.stdout)


if __name__ == "__main__":
    main()
