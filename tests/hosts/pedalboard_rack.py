"""Tries the parameters, the sessions and the formats of the VST3 in pedalboard.

usage: pedalboard_rack.py PLUGIN.vst3 RECORDING.wav
The last line printed is a verdict in JSON.
"""

import json
import random
import sys

import numpy as np
from pedalboard import load_plugin

import wav


def texts(plugin):
    """What is shown of a parameter and does not come back when it is typed."""
    faults = []
    for name, parameter in plugin.parameters.items():
        steps = parameter.num_steps - 1
        # Positions between two steps are shown as one of them.
        grid = np.linspace(0.0, 1.0, min(steps, 20) + 1)
        for raw in grid if steps > 1_100 else np.round(grid * steps) / steps:
            shown = parameter.get_text_for_raw_value(float(raw))
            typed = parameter.get_raw_value_for_text(shown)
            again = parameter.get_text_for_raw_value(typed)
            if again != shown or abs(typed - raw) > (0.1 if steps > 1_100 else 0.5 / steps):
                faults.append(f"{name}: {raw} is {shown!r}, {typed}, {again!r}")
    return faults


def settings(plugin, x, rate):
    """Parameters that are not where they were put."""
    faults = []
    for name, parameter in plugin.parameters.items():
        usual = parameter.raw_value
        for raw in (1.0, 0.0, usual):
            parameter.raw_value = raw
            plugin.process(x[:, :64], rate, buffer_size=64, reset=False)
            springs = name.startswith(("next", "previous"))
            if not springs and abs(parameter.raw_value - raw) > 1e-3:
                faults.append(f"{name}: {raw} is {parameter.raw_value}")
    return faults


def main(path, recording):
    x, rate = wav.read(recording)
    plugin = load_plugin(path)
    names = [parameter.name for parameter in plugin.parameters.values()]
    verdict = {
        "parameters": len(names),
        "different": len({name.lower() for name in names}),
        "texts": texts(plugin),
        "settings": settings(plugin, x, rate),
    }

    chance = random.Random(1)
    for name, parameter in plugin.parameters.items():
        if name != "bypass" and not name.startswith(("next", "previous", "eq_freeze")):
            parameter.raw_value = chance.random()
    plugin.process(x, rate, buffer_size=512, reset=True)
    first = plugin.raw_state
    second, third = load_plugin(path), load_plugin(path)
    second.raw_state = first
    third.raw_state = second.raw_state
    verdict["same_state"] = first == second.raw_state == third.raw_state

    # What is no session: cut short, and chance.
    for length in range(0, len(first), 97):
        try:
            third.raw_state = first[:length]
        except Exception:  # Refusing is as good as ignoring.
            pass
    for length in (1, 100, 10_000, 1_000_000):
        try:
            third.raw_state = chance.randbytes(length)
        except Exception:
            pass
    verdict["same_after_nonsense"] = third.raw_state == first

    # One instance through all of them, as when a player turns the knob of the sound card.
    plugin = load_plugin(path)
    verdict["formats"] = []
    for rate in (8_000, 11_025, 22_050, 44_056, 44_100, 47_999, 48_000, 88_200, 96_000, 176_400, 192_000):
        for channels, block in ((1, 1_000), (2, 17), (2, 16_384)):
            y = plugin.process(x[:channels, :9_600], rate, buffer_size=block)
            sound = bool(np.isfinite(y).all() and 1e-4 < np.abs(y).max() < 10.0)
            verdict["formats"].append([rate, channels, block, sound and y.shape == (channels, 9_600)])

    for bad in (np.nan, np.inf, -np.inf, 3e38, 1e-40):
        spoiled = x.copy()
        spoiled[:, 1_000:2_000] = bad
        y = plugin.process(spoiled, rate, buffer_size=256, reset=True)
        verdict.setdefault("finite", []).append(bool(np.isfinite(y).all()))
    print(json.dumps(verdict))


main(*sys.argv[1:])
