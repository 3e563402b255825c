/** Screen and voice as one stream of chunks. */

const TYPES = ["video/webm;codecs=vp9,opus", "video/webm;codecs=vp8,opus", "video/webm", "video/mp4"];
const VIDEO_bits_per_s = 2_500_000;
const CHUNK_ms = 1000;

/** The reason why this browser cannot record (a key of the catalogue), or null. */
export function refusal() {
  if (!window.isSecureContext) return "recorder.refused.insecure";
  if (!navigator.mediaDevices?.getDisplayMedia) return "recorder.refused.unsupported";
  if (!window.MediaRecorder || !TYPES.some((type) => MediaRecorder.isTypeSupported(type))) return "recorder.refused.unsupported";
  return null;
}

/** The key of the catalogue for an error of getDisplayMedia ("screen") or getUserMedia ("microphone"). */
export function refusalOf(error, what) {
  if (error.name === "NotAllowedError") return `recorder.refused.${what}`;
  if (error.name === "NotFoundError" || error.name === "OverconstrainedError") return what === "microphone" ? "recorder.refused.no-microphone" : "recorder.refused.unsupported";
  if (error.name === "NotReadableError") return "recorder.refused.busy";
  return "recorder.refused.other";
}

/**
 * Holds the two inputs and the recorder. `onChunk(blob, seconds)` is awaited in order; `onEnd()` when the person ends sharing in the browser's own bar.
 * `seconds` leaves pauses out, so it is a time in the recording.
 */
export class Capture {
  constructor({ onChunk, onEnd }) {
    Object.assign(this, { onChunk, onEnd, recorded_ms: 0, resumed_at: null, queue: Promise.resolve() });
  }

  async openScreen() {
    this.screen = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 15, max: 30 } }, audio: true });
    this.screen.getVideoTracks()[0].addEventListener("ended", () => this.onEnd());
  }

  async openMicrophone() {
    this.microphone = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } });
  }

  /** Mixes both sounds; without a microphone the screen's own sound, or none. */
  mix() {
    this.context = new AudioContext();
    this.analyser = new AnalyserNode(this.context, { fftSize: 1024 });
    const destination = this.context.createMediaStreamDestination();
    for (const stream of [this.screen, this.microphone]) {
      if (!stream?.getAudioTracks().length) continue;
      const source = this.context.createMediaStreamSource(stream);
      source.connect(destination);
      if (stream === this.microphone) source.connect(this.analyser);
    }
    const sounds = this.microphone || this.screen.getAudioTracks().length ? destination.stream.getAudioTracks() : [];
    return new MediaStream([...this.screen.getVideoTracks(), ...sounds]);
  }

  begin() {
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.recorder = new MediaRecorder(this.mix(), { mimeType, videoBitsPerSecond: VIDEO_bits_per_s });
    this.recorder.addEventListener("dataavailable", ({ data }) => {
      if (data.size) this.queue = this.queue.then(() => this.onChunk(data, this.seconds));
    });
    this.recorder.start(CHUNK_ms);
    this.resumed_at = performance.now();
  }

  static get mediaType() {
    return (TYPES.find((type) => MediaRecorder.isTypeSupported(type)) ?? "video/webm").split(";")[0];
  }

  get seconds() {
    return (this.recorded_ms + (this.resumed_at === null ? 0 : performance.now() - this.resumed_at)) / 1000;
  }

  get paused() {
    return this.recorder?.state === "paused";
  }

  pause() {
    this.recorder.pause();
    this.recorded_ms = this.seconds * 1000;
    this.resumed_at = null;
  }

  resume() {
    this.recorder.resume();
    this.resumed_at = performance.now();
  }

  /** Loudness of the microphone, 0..1. */
  get level() {
    if (!this.analyser || !this.microphone) return 0;
    const samples = new Float32Array(this.analyser.fftSize);
    this.analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    return Math.min(1, Math.max(0, 1 + Math.log10(Math.sqrt(power) + 1e-4) / 2.5));
  }

  /** Resolves when the last chunk has been handed over; both inputs are off then. */
  async end() {
    if (this.recorder && this.recorder.state !== "inactive") {
      const stopped = new Promise((resolve) => this.recorder.addEventListener("stop", resolve, { once: true }));
      this.recorder.stop();
      await stopped;
    }
    this.close();
    await this.queue;
  }

  close() {
    for (const stream of [this.screen, this.microphone]) stream?.getTracks().forEach((track) => track.stop());
    this.context?.close();
    this.context = null;
  }
}
