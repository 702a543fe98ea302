"""A voice small enough for a test, as real to sherpa-onnx as any: a VITS graph that hums for as long as its text is."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, checker, helper, numpy_helper, save_model

RATE: Final = 16_000
"""Samples a second."""
PER_TOKEN: Final = 800
"""Samples for a letter."""
_TOKENS: Final = " abcdefghijklmnopqrstuvwxyz,.!?'-"
_ABOUT: Final = {
    "model_type": "vits", "sample_rate": RATE, "add_blank": 0, "n_speakers": 1, "language": "English",
    "comment": "tiny", "frontend": "characters", "punctuation": ", . ! ?",
}  # fmt: skip


def make_voice(folder: Path) -> Path:
    """Fills the folder with what sherpa-onnx needs of a voice."""
    folder.mkdir(parents=True, exist_ok=True)
    constants: dict[str, NDArray[Any]] = {
        "zero": np.array([0], np.int64), "from": np.array(0, np.int64), "step": np.array(1, np.int64),
        "pace": np.array([PER_TOKEN], np.float32), "turn": np.array(2 * np.pi * 220 / RATE, np.float32),
        "loud": np.array(0.3, np.float32), "shape": np.array([1, 1, -1], np.int64),
    }  # fmt: skip
    steps: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Cast", ["x_length"], "letters", {"to": TensorProto.FLOAT}),
        ("Mul", ["letters", "pace"], "usual", {}),
        ("Mul", ["usual", "length_scale"], "scaled", {}),
        ("Cast", ["scaled"], "count", {"to": TensorProto.INT64}),
        ("Squeeze", ["count", "zero"], "samples", {}),
        ("Range", ["from", "samples", "step"], "places", {}),
        ("Cast", ["places"], "times", {"to": TensorProto.FLOAT}),
        ("Mul", ["times", "turn"], "phase", {}),
        ("Sin", ["phase"], "tone", {}),
        ("Mul", ["tone", "loud"], "flat", {}),
        ("Reshape", ["flat", "shape"], "y", {}),
    ]
    scales = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1])
        for name in ("noise_scale", "length_scale", "noise_scale_w")
    ]
    graph = helper.make_graph(
        [helper.make_node(kind, inputs, [output], **fields) for kind, inputs, output, fields in steps],
        "tiny",
        [
            helper.make_tensor_value_info("x", TensorProto.INT64, [1, "L"]),
            helper.make_tensor_value_info("x_length", TensorProto.INT64, [1]),
            *scales,
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, "N"])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {key: str(value) for key, value in _ABOUT.items()})
    checker.check_model(model)
    save_model(model, str(folder / "model.onnx"))
    (folder / "tokens.txt").write_text("".join(f"{token} {place}\n" for place, token in enumerate(_TOKENS)), "utf-8")
    return folder
