"""Checks model files with ONNX's own checker and streams a WAV file through them with Python's
ONNX Runtime, block by block, handing each state on.

usage: onnx_check.py INPUT.wav JOB...
A JOB is MODEL.onnx=EXPECTED.wav. The last line printed is a verdict in JSON.
"""

import json
import sys

import numpy as np
import onnx
import onnxruntime

import wav


def stream(session, x, blocks):
    """The first channel of `x` through the model, in blocks whose lengths are taken in turn."""
    names = [o.name for o in session.get_outputs()]
    states = {i.name: np.zeros(i.shape, np.float32) for i in session.get_inputs() if i.name != "audio"}
    receptive_field = int(session.get_modelmeta().custom_metadata_map.get("receptive_field_samples", 16384))

    def run(block):
        feed = {"audio": block.reshape(1, 1, -1), **states}
        answer = dict(zip(names, session.run(names, feed)))
        states.update({state: answer.pop(state + "_out") for state in states})
        (y,) = answer.values()
        return y.reshape(-1)

    # The model starts as if it had heard silence forever.
    run(np.zeros(max(receptive_field - 1, 1), np.float32))
    played, at, i = [], 0, 0
    while at < x.size:
        n = blocks[i % len(blocks)]
        played.append(run(x[at : at + n]))
        at, i = at + n, i + 1
    return np.concatenate(played)[None]


def main(source, *jobs):
    x, _ = wav.read(source)
    verdict = []
    for job in jobs:
        path, target = job.split("=")
        expected, _ = wav.read(target)
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        standard = {node.domain for node in model.graph.node} <= {"", "ai.onnx"}
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        for blocks in ([64], [1, 17, 480, 2027]):
            y = stream(session, x[0], blocks)
            verdict.append(
                {
                    "model": path,
                    "opset": [o.version for o in model.opset_import if o.domain == ""],
                    "standard_operators": standard,
                    "blocks": blocks,
                    "apart": wav.apart(y, expected[:1]),
                }
            )
    print(json.dumps(verdict))


main(*sys.argv[1:])
