"""Clips in a notebook: a small player, a chime where the detector fired, and a recorder."""

import html

import numpy as np

from course.audio.errors import AudioError
from course.audio.samples import RATE, to_mono
from course.audio_element import audio_element

_PEAK = 0.9
_MP3_QUALITY = 0.95


def player(samples, caption="", rate=RATE):
    """Show samples (samples,) or (samples, channels) as an audio player, kept as a small MP3.

    MP3 takes few rates, up to 48 kHz: others are resampled to the next one.
    """
    from IPython.display import HTML

    samples = to_mono(samples)
    if not len(samples):
        raise AudioError("There are no samples to play.")
    samples = samples * (_PEAK / max(1e-3, float(np.abs(samples).max())))
    label = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    sound = audio_element(samples, rate, _MP3_QUALITY)
    return HTML(f'<figure style="margin: 0.3em 0">{label}{sound}</figure>')


def chime(rate=RATE):
    """Return a short bell of two notes, (0.4 * rate,)."""
    time = np.arange(round(0.4 * rate)) / rate
    first = np.sin(2 * np.pi * 1318.5 * time)
    second = np.sin(2 * np.pi * 1760 * time) * (time > 0.08)
    return (0.3 * (first + second) * np.exp(-time / 0.09)).astype("float32")


def with_chimes(samples, times, rate=RATE):
    """Return a clip (samples,) with a chime over it at each time, in seconds."""
    result = np.array(samples, "float32")
    bell = chime(rate) * max(0.1, float(np.abs(result).max(initial=0)))
    for time in times:
        begin = round(time * rate)
        audible = bell[: max(0, len(result) - begin)]
        result[begin : begin + len(audible)] += audible
    return result


def recorder(seconds=5, file="my_recording.wav"):
    """Show a button that records from the microphone and saves a WAV file; nothing is sent out."""
    from IPython.display import HTML

    script = _SCRIPT.replace("SECONDS", str(float(seconds)))
    return HTML(script.replace("FILE", html.escape(file, quote=True)))


_SCRIPT = """
<div class="seqlib-recorder">
<button>Record SECONDS seconds</button> <span role="status"></span>
</div>
<script>
(function () {
  const own = document.currentScript, all = document.querySelectorAll(".seqlib-recorder");
  const box = own && own.previousElementSibling ? own.previousElementSibling : all[all.length - 1];
  if (!box) { return; }
  const button = box.querySelector("button"), status = box.querySelector("span");
  const say = (text) => { status.textContent = text; };
  if (!navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) {
    button.disabled = true;
    say("This page may not use the microphone. Record with another program.");
    return;
  }
  const wav = (chunks, rate) => {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const view = new DataView(new ArrayBuffer(44 + 2 * length));
    const word = (at, text) => {
      for (let i = 0; i < 4; i++) { view.setUint8(at + i, text.charCodeAt(i)); }
    };
    word(0, "RIFF"); view.setUint32(4, 36 + 2 * length, true); word(8, "WAVE"); word(12, "fmt ");
    view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
    view.setUint32(24, rate, true); view.setUint32(28, 2 * rate, true);
    view.setUint16(32, 2, true); view.setUint16(34, 16, true);
    word(36, "data"); view.setUint32(40, 2 * length, true);
    let at = 44;
    for (const chunk of chunks) {
      for (const value of chunk) {
        view.setInt16(at, 32767 * Math.max(-1, Math.min(1, value)), true); at += 2;
      }
    }
    return new Blob([view], { type: "audio/wav" });
  };
  button.onclick = async () => {
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch (error) { say("The microphone was not allowed: " + error.message); return; }
    button.disabled = true; say("listening ...");
    const context = new AudioContext(), chunks = [];
    const source = context.createMediaStreamSource(stream);
    const tap = context.createScriptProcessor(4096, 1, 1);
    tap.onaudioprocess = (event) => chunks.push(event.inputBuffer.getChannelData(0).slice());
    source.connect(tap); tap.connect(context.destination);
    setTimeout(() => {
      tap.disconnect(); source.disconnect();
      stream.getTracks().forEach((track) => track.stop());
      const link = document.createElement("a");
      link.href = URL.createObjectURL(wav(chunks, context.sampleRate)); link.download = "FILE";
      link.textContent = "FILE"; link.click();
      status.textContent = "saved as "; status.appendChild(link);
      context.close(); button.disabled = false;
    }, 1000 * SECONDS);
  };
})();
</script>
"""
