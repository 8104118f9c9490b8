"""The planned run of Rasa's graph gives what Dask gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import GraphNode, GraphSchema, SchemaNode
from rasa.engine.runner.dask import DaskGraphRunner

from bot.graph import PlannedRunner


class Node:
    """Adds up what it is given, and counts how often it was asked."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.asked = 0


def runner(functions: dict[str, tuple[Callable[..., Any], dict[str, str]]]) -> DaskGraphRunner:
    schema = GraphSchema(
        {
            name: SchemaNode(needs, Any, "create", "run", {}, is_target=name == "end")  # type: ignore[arg-type]
            for name, (_, needs) in functions.items()
        }
    )
    made = DaskGraphRunner.__new__(DaskGraphRunner)
    made._graph_schema = schema
    made._execution_context = None  # type: ignore[assignment]
    made._instantiated_nodes = {
        name: _node(name, function, needs) for name, (function, needs) in functions.items()
    }
    return made


def _node(name: str, function: Callable[..., Any], needs: dict[str, str]) -> GraphNode:
    node = GraphNode.__new__(GraphNode)
    node._node_name = name
    node._component_class = Node
    node._component = Node(function)  # type: ignore[assignment]
    node._fn = lambda component, **given: component.function(**given)
    node._fn_name = "run"
    node._inputs = needs
    node._eager = True
    node._hooks = []
    return node


@pytest.fixture
def dask() -> DaskGraphRunner:
    return runner(
        {
            "end": (lambda left, right: left + right, {"left": "twice", "right": "more"}),
            "more": (lambda number: number + 1, {"number": "twice"}),
            "twice": (lambda number: 2 * number, {"number": "__number__"}),
            "apart": (lambda: "apart", {}),
        }
    )


@pytest.mark.parametrize("targets", [None, ["end"], ["more", "twice"], ["apart"]])
def test_a_planned_run_has_the_results_of_dask(
    dask: DaskGraphRunner, targets: list[str] | None
) -> None:
    planned = PlannedRunner(dask)
    for number in (1, 20):
        given = {"__number__": number}
        assert planned.run(given, targets) == dask.run(given, targets)


def test_only_what_the_targets_need_is_run(dask: DaskGraphRunner) -> None:
    def fail() -> None:
        raise AssertionError

    dask._instantiated_nodes["apart"] = _node("apart", fail, {})
    assert PlannedRunner(dask).run({"__number__": 1}, ["more"]) == {"more": 3}


def test_a_node_that_is_not_given_what_it_needs_is_an_error_of_the_run(
    dask: DaskGraphRunner,
) -> None:
    with pytest.raises(GraphRunError):
        PlannedRunner(dask).run({}, ["end"])


def test_an_error_of_python_in_a_node_is_an_error_of_the_run(dask: DaskGraphRunner) -> None:
    def fail(number: int) -> None:
        raise ValueError("zu groß")

    dask._instantiated_nodes["more"] = _node("more", fail, {"number": "twice"})
    with pytest.raises(Exception, match="more") as planned:
        PlannedRunner(dask).run({"__number__": 1}, ["end"])
    with pytest.raises(type(planned.value)):
        dask.run({"__number__": 1}, ["end"])
