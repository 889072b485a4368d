"""WAV files of 32 bit float samples, as the Rust side of these tests writes them."""

import struct

import numpy as np


def read(path):
    """The samples, shaped [channels, frames], and the rate in Hz."""
    data = open(path, "rb").read()
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError(f"{path}: no WAV file")
    at, form = 12, None
    while at + 8 <= len(data):
        name, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        if name == b"fmt ":
            form = struct.unpack_from("<HHIIHH", data, at + 8)
        elif name == b"data":
            _, channels, rate, _, _, bits = form
            if bits != 32:
                raise ValueError(f"{path}: {bits} bit samples")
            samples = np.frombuffer(data, dtype="<f4", count=size // 4, offset=at + 8)
            return samples.reshape(-1, channels).T.copy(), rate
        at += 8 + size + size % 2
    raise ValueError(f"{path}: no samples")


def apart(played, expected):
    """Largest difference over the length of the shorter; 1e9 where that is no number, which JSON has not."""
    n = min(played.shape[1], expected.shape[1])
    if n == 0 or not np.isfinite(played[:, :n]).all():
        return 1e9
    return float(np.abs(played[:, :n] - expected[:, :n]).max())
