"""Recognisers small enough to be made for a test, in the shapes that sherpa-onnx loads.

They hear "low" where deep tones are loudest and "high" where high ones are, and nothing in silence.
"""

from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

BINS: Final = 80
CHUNK: Final = 8
"""Frames of 10 ms that are decoded at once."""
FRAMES: Final = 13
"""Frames that it looks at for that."""
TOKENS: Final = ("<blk>", "▁low", "▁high")
_LEFT, _HEADS, _QUERY, _VALUE, _DIM, _KERNEL = 2, 1, 2, 2, 4, 3
_STATES: Final[dict[str, tuple[list[int | str], int]]] = {
    "key": ([_LEFT, "N", _QUERY * _HEADS], TensorProto.FLOAT),
    "nonlin": ([1, "N", _LEFT, 3 * _DIM // 4], TensorProto.FLOAT),
    "value1": ([_LEFT, "N", _VALUE * _HEADS], TensorProto.FLOAT),
    "value2": ([_LEFT, "N", _VALUE * _HEADS], TensorProto.FLOAT),
    "conv1": (["N", _DIM, _KERNEL // 2], TensorProto.FLOAT),
    "conv2": (["N", _DIM, _KERNEL // 2], TensorProto.FLOAT),
    "embed": (["N", 128, 3, 19], TensorProto.FLOAT),
    "lens": (["N"], TensorProto.INT64),
}
_META: Final[dict[str, int | str]] = {
    "model_type": "zipformer2",
    "encoder_dims": _DIM,
    "query_head_dims": _QUERY,
    "value_head_dims": _VALUE,
    "num_heads": _HEADS,
    "num_encoder_layers": 1,
    "cnn_module_kernels": _KERNEL,
    "left_context_len": _LEFT,
    "T": FRAMES,
    "decode_chunk_len": CHUNK,
}


def _info(name: str, shape: list[int | str], kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def _save(
    file: Path,
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    constants: dict[str, np.ndarray],
    meta: dict[str, int | str],
) -> None:
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, {key: str(value) for key, value in meta.items()})
    onnx.checker.check_model(model)
    onnx.save(model, str(file))


def _encoder(file: Path, output: str) -> None:
    """How much louder the one half of the bins is than the other, and a level that stands for silence."""
    half = np.concatenate([np.full(BINS // 2, 1.0), np.full(BINS // 2, -1.0)]) * 2 / BINS
    weights = np.stack([np.zeros(2 * BINS), np.tile(half, 2), np.tile(-half, 2)], axis=1).astype(np.float32)
    constants: dict[str, np.ndarray] = {
        "begin": np.array([0], np.int64),
        "end": np.array([CHUNK], np.int64),
        "time": np.array([1], np.int64),
        "pairs": np.array([0, CHUNK // 2, 2 * BINS], np.int64),
        "weights": weights,
        "silence": np.array([3.0, 0.0, 0.0], np.float32),
    }
    nodes = [
        helper.make_node("Slice", ["x", "begin", "end", "time"], ["now"]),
        helper.make_node("Reshape", ["now", "pairs"], ["paired"]),
        helper.make_node("MatMul", ["paired", "weights"], ["weighed"]),
        helper.make_node("Add", ["weighed", "silence"], ["scores"]),
        *([helper.make_node("LogSoftmax", ["scores"], [output], axis=2)] if output == "log_probs" else []),
        *([helper.make_node("Identity", ["scores"], [output])] if output != "log_probs" else []),
        *(helper.make_node("Identity", [name], [f"new_{name}"]) for name in _STATES),
    ]
    inputs = [_info("x", ["N", FRAMES, BINS]), *(_info(name, *told) for name, told in _STATES.items())]
    outputs = [
        _info(output, ["N", CHUNK // 2, len(TOKENS)]),
        *(_info(f"new_{name}", *told) for name, told in _STATES.items()),
    ]
    _save(file, nodes, inputs, outputs, constants, _META)


def _tokens(folder: Path) -> None:
    lines = "".join(f"{token} {number}\n" for number, token in enumerate(TOKENS))
    (folder / "tokens.txt").write_text(lines, "utf-8")


def ctc(folder: Path) -> Path:
    """A streaming zipformer with a CTC head, which hears the same tone again after silence."""
    folder.mkdir(parents=True)
    _tokens(folder)
    _encoder(folder / "model.onnx", "log_probs")
    return folder


def transducer(folder: Path) -> Path:
    """A streaming zipformer transducer, as most of the catalogue are; it hears a tone once, until another comes."""
    folder.mkdir(parents=True)
    _tokens(folder)
    _encoder(folder / "encoder.onnx", "encoder_out")
    _decoder_and_joiner(folder)
    return folder


def whole_transducer(folder: Path) -> Path:
    """The same without streaming: it hears a whole turn at once."""
    folder.mkdir(parents=True)
    _tokens(folder)
    half = np.concatenate([np.full(BINS // 2, 1.0), np.full(BINS // 2, -1.0)]) * 2 / BINS
    weights = np.stack([np.zeros(BINS), half, -half], axis=1).astype(np.float32)
    _save(
        folder / "encoder.onnx",
        [
            helper.make_node("MatMul", ["x", "weights"], ["weighed"]),
            helper.make_node("Add", ["weighed", "silence"], ["encoder_out"]),
            helper.make_node("Identity", ["x_lens"], ["encoder_out_lens"]),
        ],
        [_info("x", ["N", "T", BINS]), _info("x_lens", ["N"], TensorProto.INT64)],
        [_info("encoder_out", ["N", "T", len(TOKENS)]), _info("encoder_out_lens", ["N"], TensorProto.INT64)],
        {"weights": weights, "silence": np.array([3.0, 0.0, 0.0], np.float32)},
        {"comment": "tiny"},
    )
    _decoder_and_joiner(folder)
    return folder


def _decoder_and_joiner(folder: Path) -> None:
    size = len(TOKENS)
    before = np.diag([0.0, -100.0, -100.0]).astype(np.float32)
    _save(
        folder / "decoder.onnx",
        [
            helper.make_node("Gather", ["y", "last"], ["token"], axis=1),
            helper.make_node("Gather", ["before", "token"], ["decoder_out"], axis=0),
        ],
        [_info("y", ["N", 2], TensorProto.INT64)],
        [_info("decoder_out", ["N", size])],
        {"last": np.array(1, np.int64), "before": before},
        {"context_size": 2, "vocab_size": size},
    )
    _save(
        folder / "joiner.onnx",
        [helper.make_node("Add", ["encoder_out", "decoder_out"], ["logit"])],
        [_info("encoder_out", ["N", size]), _info("decoder_out", ["N", size])],
        [_info("logit", ["N", size])],
        {},
        {"joiner_dim": size},
    )
