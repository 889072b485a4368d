"""Plays a WAV file through the VST3 in DawDreamer, which processes in real-time mode.

usage: dawdreamer_host.py PLUGIN.vst3 SETTINGS JOB...
SETTINGS are values of parameters, 0 to 1, by their names, in JSON; a JOB is INPUT.wav=EXPECTED.wav.
The last line printed is a verdict in JSON.
"""

import json
import os
import sys
import tempfile
import time

import dawdreamer
import numpy as np

import wav


class Graph:
    """A recording, and the plugin behind it."""

    def __init__(self, path, x, rate, block):
        self.engine = dawdreamer.RenderEngine(rate, block)
        # A tail of silence, so that what the plugin delays comes out too.
        x = np.concatenate([x, np.zeros((x.shape[0], rate // 4), np.float32)], axis=1)
        self.seconds = x.shape[1] / rate
        source = self.engine.make_playback_processor("source", x)
        self.plugin = self.engine.make_plugin_processor("plugin", path)
        self.plugin.set_bus(x.shape[0], x.shape[0])
        self.index = {d["name"]: d["index"] for d in self.plugin.get_parameters_description()}
        self.engine.load_graph([(source, []), (self.plugin, ["source"])])

    def set(self, name, value):
        self.plugin.set_parameter(self.index[name], value)

    def get(self, name):
        return self.plugin.get_parameter(self.index[name])

    def play(self):
        """What comes out, without the reported delay."""
        self.engine.render(self.seconds)
        return self.engine.get_audio()[:, self.plugin.get_latency_samples() :]

    def play_until(self, expected, limit_s=20.0):
        """Plays until it sounds as expected: a model is loaded while the music goes on."""
        begin = time.monotonic()
        while True:
            apart = wav.apart(self.play(), expected)
            if apart < 1e-5 or time.monotonic() - begin > limit_s:
                return apart
            time.sleep(0.1)


def main(path, settings, *jobs):
    verdict = {"played": []}
    for job in jobs:
        source, target = job.split("=")
        (x, rate), (expected, _) = wav.read(source), wav.read(target)
        for block in (64, 512):
            graph = Graph(path, x, rate, block)
            for name, value in json.loads(settings).items():
                graph.set(name, value)
            verdict["played"].append(
                {
                    "rate_hz": rate,
                    "channels": x.shape[0],
                    "block": block,
                    "latency_samples": graph.plugin.get_latency_samples(),
                    "apart": graph.play_until(expected),
                }
            )
    verdict["parameters"] = sorted(graph.index)

    graph.set("Output", 0.25)
    graph.play()
    played = graph.play()
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "state")
        graph.plugin.save_state(file)
        other = Graph(path, x, rate, block)
        other.plugin.load_state(file)
    verdict["restored"] = {name: abs(graph.get(name) - other.get(name)) for name in graph.index}
    verdict["state_apart"] = other.play_until(played)
    verdict["gain_db"] = float(20 * np.log10(np.abs(played).max() / np.abs(expected).max()))
    print(json.dumps(verdict))


main(*sys.argv[1:])
