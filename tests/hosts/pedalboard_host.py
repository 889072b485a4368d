"""Plays a WAV file through the VST3 in pedalboard, which renders offline and takes the delay out.

usage: pedalboard_host.py PLUGIN.vst3 SETTINGS JOB...
SETTINGS are values of parameters, 0 to 1, by their names, in JSON; a JOB is INPUT.wav=EXPECTED.wav.
The last line printed is a verdict in JSON.
"""

import json
import sys

import numpy as np
from pedalboard import load_plugin

import wav


def fresh(path, settings):
    plugin = load_plugin(path)
    by_name = {parameter.name: parameter for parameter in plugin.parameters.values()}
    for name, value in settings.items():
        by_name[name].raw_value = value
    return plugin


def main(path, settings, *jobs):
    plugin = fresh(path, json.loads(settings))
    verdict = {"parameters": sorted(plugin.parameters), "played": []}
    for job in jobs:
        source, target = job.split("=")
        (x, rate), (expected, _) = wav.read(source), wav.read(target)
        for block in (64, 512, 1000):
            y = plugin.process(x, rate, buffer_size=block, reset=True)
            verdict["played"].append(
                {
                    "rate_hz": rate,
                    "channels": x.shape[0],
                    "block": block,
                    "samples": int(y.shape[1]) - x.shape[1],
                    "apart": wav.apart(y, expected),
                }
            )

    # Parameters, through the state, into a second instance. pedalboard hands a parameter over with
    # the next audio it processes, so that comes before the state.
    plugin.parameters["output_db"].raw_value = 0.25
    plugin.process(x, rate, buffer_size=512, reset=True)
    state = plugin.raw_state
    other = load_plugin(path)
    other.raw_state = state
    verdict["restored"] = {
        name: abs(parameter.raw_value - other.parameters[name].raw_value)
        for name, parameter in plugin.parameters.items()
    }
    played = plugin.process(x, rate, buffer_size=512, reset=True)
    again = other.process(x, rate, buffer_size=512, reset=True)
    verdict["state_apart"] = wav.apart(again, played)
    verdict["gain_db"] = float(20 * np.log10(np.abs(played).max() / np.abs(expected).max()))

    plugin.parameters["bypass"].raw_value = 1.0
    plugin.process(x, rate, buffer_size=512, reset=True)
    verdict["bypass_apart"] = wav.apart(plugin.process(x, rate, buffer_size=512, reset=True), x)
    print(json.dumps(verdict))


main(*sys.argv[1:])
