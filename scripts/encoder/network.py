"""Write ``data/encoder/network.onnx``: what the encoder computes, in ONNX Runtime's terms.

The last part of ``make encoder``, in its environment. The file holds no weights: it says at which
place of the weights file each stands (:mod:`bot.encoder.network` writes that one). A layer is one
of BERT; each product with a matrix is computed in eight bits.

    python network.py MODEL.bin
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bot.encoder.network import NETWORK, TUNED, WEIGHTS_FILE, weights
from bot.encoder.packed import Packed

_TYPES = {"float32": TensorProto.FLOAT, "int8": TensorProto.INT8}
_OPERATORS = (("", 17), ("com.microsoft", 1))


class Network:
    """Puts the network together, operator by operator."""

    def __init__(self, packed: Packed) -> None:
        self._packed = packed
        self._nodes: list[onnx.NodeProto] = []

    def graph(self) -> list[onnx.NodeProto]:
        """Return all operators, from ``states`` to ``result``."""
        states = self._norm("states", "emb.ln")
        for number in range(self._packed.layers):
            states = self._layer(states, f"l{number}")
        self._add("Identity", [states], "result")
        return self._nodes

    def _layer(self, states: str, layer: str) -> str:
        parts = [f"{layer}.{part}" for part in "qkv"]
        self._nodes.append(
            helper.make_node(
                "Split", [self._product(states, f"{layer}.qkv"), "parts"], parts, axis=2
            )
        )
        seen = self._add("MultiHeadAttention", parts, f"{layer}.seen", num_heads=self._packed.heads)
        seen = self._product(seen, f"{layer}.ao")
        states = self._norm(self._add("Add", [states, seen], f"{layer}.first"), f"{layer}.aln")
        thought = self._add("Gelu", [self._product(states, f"{layer}.fi")], f"{layer}.thought")
        thought = self._product(thought, f"{layer}.fo")
        return self._norm(self._add("Add", [states, thought], f"{layer}.second"), f"{layer}.oln")

    def _product(self, states: str, matrix: str) -> str:
        even = self._add("Mul", [states, f"{matrix}.factors"], f"{matrix}.even")
        inputs = [even, f"{matrix}.weights", f"{matrix}.scales", "", f"{matrix}.bias"]
        return self._add("DynamicQuantizeMatMul", inputs, f"{matrix}.product")

    def _norm(self, states: str, norm: str) -> str:
        inputs = [states, f"{norm}.w", f"{norm}.b"]
        return self._add(
            "LayerNormalization", inputs, f"{norm}.normed", epsilon=self._packed.epsilon
        )

    def _add(self, operator: str, inputs: list[str], output: str, **settings: float) -> str:
        own = operator in {"MultiHeadAttention", "Gelu", "DynamicQuantizeMatMul"}
        domain = "com.microsoft" if own else ""
        self._nodes.append(helper.make_node(operator, inputs, [output], domain=domain, **settings))
        return output


def references(packed: Packed) -> list[onnx.TensorProto]:
    """Return where each weight stands in the weights file."""
    tensors, offset = [], 0
    for name, values in weights(packed, TUNED):
        tensor = TensorProto(name=name, dims=values.shape, data_type=_TYPES[values.dtype.name])
        tensor.data_location = TensorProto.EXTERNAL
        place = {"location": WEIGHTS_FILE, "offset": offset, "length": values.nbytes}
        for key, value in place.items():
            tensor.external_data.add(key=key, value=str(value))
        tensors.append(tensor)
        offset += values.nbytes
    return tensors


def main() -> None:
    """Write the network."""
    packed = Packed(Path(sys.argv[1]))
    sizes = numpy_helper.from_array(np.array([packed.width] * 3), "parts")
    graph = helper.make_graph(
        Network(packed).graph(),
        "encoder",
        [helper.make_tensor_value_info("states", TensorProto.FLOAT, [1, "tokens", packed.width])],
        [helper.make_tensor_value_info("result", TensorProto.FLOAT, [1, "tokens", packed.width])],
        [*references(packed), sizes],
    )
    operators = [helper.make_opsetid(*operator) for operator in _OPERATORS]
    model = helper.make_model(graph, opset_imports=operators, ir_version=9)
    NETWORK.write_bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
