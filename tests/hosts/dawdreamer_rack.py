"""Tries the parameters, the automation and the layouts of the VST3 in DawDreamer.

usage: dawdreamer_rack.py PLUGIN.vst3 RECORDING.wav EMPTY
EMPTY are values of parameters, 0 to 1, by their names, in JSON, with which the rack lets everything pass.
The last line printed is a verdict in JSON.
"""

import json
import os
import sys
import tempfile

import dawdreamer
import numpy as np

import wav


def graph(path, x, rate, block, channels_out):
    engine = dawdreamer.RenderEngine(rate, block)
    source = engine.make_playback_processor("source", x)
    plugin = engine.make_plugin_processor("plugin", path)
    plugin.set_bus(x.shape[0], channels_out)
    engine.load_graph([(source, []), (plugin, ["source"])])
    return engine, plugin, {d["name"]: d["index"] for d in plugin.get_parameters_description()}


def main(path, recording, empty):
    x, rate = wav.read(recording)
    seconds = x.shape[1] / rate
    engine, plugin, index = graph(path, x, rate, 256, 2)
    about = plugin.get_parameters_description()
    verdict = {
        "parameters": len(about),
        "different": len({d["name"].lower() for d in about}),
        "automatable": sum(bool(d["isAutomatable"]) for d in about),
        "settings": [],
    }
    for d in about:
        usual = plugin.get_parameter(d["index"])
        for value in (1.0, 0.0, usual):
            plugin.set_parameter(d["index"], value)
            read, text = plugin.get_parameter(d["index"]), plugin.get_parameter_text(d["index"])
            if abs(read - value) > 1e-3 or not text:
                verdict["settings"].append(f"{d['name']}: {value} is {read}, {text!r}")

    # The output falls from 0 to -24 dB with automation: first it plays what goes in, in the end a sixteenth.
    tone = (0.5 * np.sin(2 * np.pi * 200 * np.arange(x.shape[1]) / rate)).astype(np.float32)
    engine, plugin, index = graph(path, np.stack([tone, tone]), rate, 64, 2)
    for name, value in json.loads(empty).items():
        plugin.set_parameter(index[name], value)
    plugin.set_automation(index["Output"], np.linspace(0.5, 0.0, x.shape[1]).astype(np.float32))
    engine.render(seconds)
    y, tenth = engine.get_audio(), x.shape[1] // 10
    rms = lambda part: float(np.sqrt(np.mean(part**2)))
    verdict["fall_db"] = [
        20 * np.log10(rms(y[0, at * tenth : (at + 1) * tenth]) / rms(tone[at * tenth : (at + 1) * tenth]))
        for at in range(10)
    ]
    verdict["largest_step"] = float(np.abs(np.diff(y[0])).max())

    # A session twice through a file.
    states = []
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(3):
            file = os.path.join(folder, f"{turn}")
            plugin.save_state(file)
            states.append(open(file, "rb").read())
            engine, plugin, _ = graph(path, x, rate, 256, 2)
            plugin.load_state(file)
    verdict["same_state"] = states[0] == states[1] == states[2]

    verdict["formats"] = []
    for rate in (8_000, 22_050, 44_056, 47_999, 88_200, 192_000):
        for channels_in, channels_out, block in ((1, 1, 1), (2, 2, 4_096), (1, 2, 333)):
            engine, plugin, _ = graph(path, x[:channels_in, :4_800], rate, block, channels_out)
            engine.render(4_800 / rate)
            y = engine.get_audio()
            sound = bool(np.isfinite(y).all() and 1e-4 < np.abs(y).max() < 10.0)
            verdict["formats"].append([rate, channels_in, channels_out, block, sound and y.shape[0] == channels_out])
    print(json.dumps(verdict))


main(*sys.argv[1:])
