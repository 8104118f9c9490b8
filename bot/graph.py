"""Rasa's prediction graph, run node by node.

Rasa plans each run anew with Dask, a scheduler for graphs on many machines: of a turn's two runs,
that planning took 1.5 ms (docs/decisions/0017). The order of a handful of nodes does not change.
"""

from __future__ import annotations

from functools import lru_cache
from graphlib import TopologicalSorter
from typing import Any

from rasa.engine.exceptions import GraphRunError
from rasa.engine.runner.dask import DaskGraphRunner


class PlannedRunner(DaskGraphRunner):
    """Runs the nodes of a loaded graph in an order that is planned once for the same targets."""

    def __init__(self, loaded: DaskGraphRunner) -> None:
        """Take over the nodes of a runner that Rasa has loaded."""
        self._graph_schema = loaded._graph_schema
        self._instantiated_nodes = loaded._instantiated_nodes
        self._execution_context = loaded._execution_context
        self._planned = lru_cache(maxsize=None)(self._plan)

    def run(
        self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None
    ) -> dict[str, Any]:
        """Run what the targets need.

        Args:
            inputs: name of an input -> its value.
            targets: names of nodes (default: those of the graph).

        Returns:
            Target -> its result.

        Raises:
            GraphRunError: a node failed.
        """
        wanted = targets or self._graph_schema.target_names
        # a node takes and returns pairs of a name and a result
        results: dict[str, Any] = {name: (name, value) for name, value in (inputs or {}).items()}
        try:
            for node, needs in self._planned(tuple(wanted)):
                results[node] = self._instantiated_nodes[node](
                    *(results.get(name, name) for name in needs)
                )
        except RuntimeError as error:
            raise GraphRunError("Error running runner.") from error
        return dict(results[target] for target in wanted)

    def _plan(self, targets: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
        """Return the nodes that targets need, each after those that it needs, with their names."""
        nodes = self._graph_schema.minimal_graph_schema(list(targets)).nodes
        needs = {name: tuple(node.needs.values()) for name, node in nodes.items()}
        return [
            (name, needs[name]) for name in TopologicalSorter(needs).static_order() if name in needs
        ]
