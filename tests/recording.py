"""What an overlay page plays, shows and says: every sample, and the frame of the sound at which each message passed.

Frames count what was rendered, so they tell the truth however slow the machine is.
"""

import asyncio
import base64
import json
import re
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from playwright.async_api import Page, Route

from tests.support import PATIENCE

RECORDER = """
    registerProcessor("recorder", class extends AudioWorkletProcessor {
      constructor() {
        super();
        this.port.onmessage = () => this.port.postMessage({ frame: currentFrame });
      }
      process([[samples]]) {
        if (samples?.some((sample) => sample !== 0)) this.port.postMessage({ frame: currentFrame, samples });
        return true;
      }
    });
"""
"""Runs in the page's audio thread: keeps each block that is not silent, and answers how far it has come."""
TAP = (
    f"""
    const recorderScript = new Blob([{json.dumps(RECORDER)}], {{ type: "text/javascript" }});
"""
    + """
    const connect = AudioNode.prototype.connect;
    const blocks = [];
    let context = null, recorder = null, answer = null;
    const frame = () => context && Math.round(context.currentTime * context.sampleRate);
    async function record(node) {
      context = node.context;
      await context.audioWorklet.addModule(URL.createObjectURL(recorderScript));
      recorder = new AudioWorkletNode(context, "recorder");
      recorder.port.onmessage = ({ data }) => data.samples ? blocks.push(data) : answer(data.frame);
      connect.call(node, recorder);
      connect.call(recorder, context.destination);
      window.isRecording = true;
    }
    AudioNode.prototype.connect = function (to, ...rest) {
      if (to === this.context.destination) record(this);
      return connect.call(this, to, ...rest);
    };
    window.isRecording = false;
    window.isLoud = () => blocks.at(-1)?.frame > frame() - context.sampleRate / 10;
    window.framesHeard = () => 128 * blocks.length;
    window.listen = async () => {
      const asked = new Promise((resolve) => answer = resolve);
      recorder.port.postMessage("how far?");
      const now = await asked;
      const start = blocks[0]?.frame ?? now;
      const samples = new Float32Array(blocks.length ? blocks.at(-1).frame + 128 - start : 0);
      for (const block of blocks) samples.set(block.samples, block.frame - start);
      const bytes = new Uint8Array(samples.buffer);
      const slices = [];
      for (let i = 0; i < bytes.length; i += 32768) slices.push(String.fromCharCode(...bytes.subarray(i, i + 32768)));
      return { start, now, samples: btoa(slices.join("")) };
    };
    window.late = 0;
    for (const method of ["start", "stop"]) {
      const order = AudioBufferSourceNode.prototype[method];
      AudioBufferSourceNode.prototype[method] = function (at, ...rest) {
        order.call(this, at, ...rest);
        window.late += Math.max(0, frame() - at * context.sampleRate);
      };
    }
    window.decoded = 0;
    const decode = BaseAudioContext.prototype.decodeAudioData;
    BaseAudioContext.prototype.decodeAudioData = async function (...wanted) {
      const buffer = await decode.apply(this, wanted);
      setTimeout(() => window.decoded++);
      return buffer;
    };
    window.said = [];
    window.told = [];
    const note = (messages, message) => {
      const noted = { ...message, frame: frame() };
      if (!["ping", "pong"].includes(message.type)) messages.push(noted);
      return noted;
    };
    const hear = (message) => {
      const noted = note(told, message);
      setTimeout(() => noted.done = frame());
    };
    window.WebSocket = class extends WebSocket {
      constructor(...address) {
        super(...address);
        this.addEventListener("message", ({ data }) => hear(JSON.parse(data)));
        this.addEventListener("close", () => hear({ type: "close" }));
      }
      send(text) {
        note(said, JSON.parse(text));
        super.send(text);
      }
    };
    window.number = (messages, kind) => messages.filter(({ type }) => type === kind).length;
    window.captions = [];
    window.notices = [];
    const watch = (selector, texts) => new MutationObserver((changes) => {
      for (const { addedNodes } of changes) texts.push([...addedNodes].map((node) => node.textContent).join(""));
    }).observe(document.querySelector(selector), { childList: true });
    addEventListener("DOMContentLoaded", () => {
      watch(".words", captions);
      watch("#status", notices);
    });
"""
)
"""A script for a page. From when `isRecording` holds, `listen()` gives all that was heard. `said` and `told` are what
page and relay told each other and at which frame of the sound, `decoded` how many clips are ready, `framesHeard()` how
much was not silent, `captions` and `notices` what was shown. What the page was `told` also has the frame by which it
was `done` with it, and `late` counts the frames by which what the page had begun or stopped came after its time."""


class Sound(NamedTuple):
    """What a page played, from the first sample that is not silent to the last."""

    samples: npt.NDArray[np.float32]
    start: int
    """Frame of the first sample."""
    now: int
    """Frame up to which was listened."""

    @property
    def end(self) -> int:
        """The frame after the last sample."""
        return self.start + len(self.samples)

    def up_to(self, frame: int) -> npt.NDArray[np.float32]:
        """The samples before a frame."""
        return self.samples[: max(0, frame - self.start)]

    def since(self, frame: int) -> npt.NDArray[np.float32]:
        """The samples from a frame on."""
        return self.samples[max(0, frame - self.start) :]


async def record(page: Page) -> None:
    """Take down what the page will play; to be called before it is loaded."""
    await page.add_init_script(TAP)
    await page.route(re.compile(r"/overlay(\?|$)"), _let_in_recorder)


async def _let_in_recorder(route: Route) -> None:
    """The page's policy as it is, but for the one script of ours."""
    response = await route.fetch()
    policy = response.headers["content-security-policy"].replace("script-src", "script-src blob:")
    await route.fulfill(response=response, headers=response.headers | {"content-security-policy": policy})


async def listen(page: Page, past: int = 0) -> Sound:
    """All that was played since the page's `isRecording` held, when the sound is past a frame."""
    await until(page, f"listen().then(({{ now }}) => now > {past})")
    answer = await page.evaluate("listen()")
    samples = np.frombuffer(base64.b64decode(answer["samples"]), "<f4")
    loud = np.flatnonzero(samples)
    if not len(loud):
        return Sound(samples[:0], answer["now"], answer["now"])
    return Sound(samples[loud[0] : loud[-1] + 1], answer["start"] + int(loud[0]), answer["now"])


async def messages(page: Page, direction: str, kind: str) -> list[dict[str, Any]]:
    """What the page `said` to the relay, or was `told`, of one type, when it is done with that."""
    await until(page, "told.every(({ done }) => done !== undefined)")
    found: list[dict[str, Any]] = await page.evaluate(f"{direction}.filter(({{ type }}) => type === {kind!r})")
    return found


_UNTIL = "async () => {{ while (!await ({})) await new Promise((look) => setTimeout(look, 5)); }}"


async def until(page: Page, condition: str) -> None:
    """Wait in the page for a JavaScript expression to hold; the browser's own way to wait is against its policy."""
    async with asyncio.timeout(PATIENCE):
        await page.evaluate(_UNTIL.format(condition))
