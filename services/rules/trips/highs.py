"""The one door to HiGHS: a model built row by row, solved on one thread, deterministic."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import highspy
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

TIGHT = 1e-9
"""Feasibility tolerance asked of the solver. Answers are rounded and checked in integers afterwards; this keeps that check a formality."""


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """``values``: None when no solution was found. ``bound``: no solution has a lower objective (minus infinity if nothing is known)."""

    values: Floats | None
    objective: float
    bound: float
    optimal: bool
    infeasible: bool


@dataclass(slots=True)
class Model:
    """Minimise the cost of the columns subject to ``lower <= row <= upper``. Rows and columns are numbered as they are made."""

    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    least: list[float] = field(default_factory=list)
    most: list[float] = field(default_factory=list)
    integer: list[bool] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def row(self, lower: float, upper: float) -> int:
        self.lower.append(lower)
        self.upper.append(upper)
        return len(self.lower) - 1

    def column(self, cost: float, least: float, most: float, *, integer: bool) -> int:
        self.cost.append(cost)
        self.least.append(least)
        self.most.append(most)
        self.integer.append(integer)
        return len(self.cost) - 1

    def put(self, row: int, column: int, value: float) -> None:
        """One coefficient; each (row, column) at most once."""
        self.rows.append(row)
        self.columns.append(column)
        self.values.append(value)

    def put_all(self, rows: Sequence[int], columns: Sequence[int], values: Sequence[float]) -> None:
        """Many coefficients; each (row, column) at most once."""
        self.rows += rows
        self.columns += columns
        self.values += values

    def _lp(self) -> highspy.HighsLp:
        row = np.asarray(self.rows, np.int32)
        column = np.asarray(self.columns, np.int32)
        order = np.lexsort((row, column))
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.cost), len(self.lower)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = np.asarray(self.cost), np.asarray(self.least), np.asarray(self.most)
        lp.row_lower_, lp.row_upper_ = np.asarray(self.lower), np.asarray(self.upper)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_ = np.concatenate(([0], np.cumsum(np.bincount(column, minlength=len(self.cost))))).astype(np.int32)
        lp.a_matrix_.index_ = row[order]
        lp.a_matrix_.value_ = np.asarray(self.values, np.float64)[order]
        return lp

    def prices(self) -> Floats | None:
        """Dual prices of the rows of the linear relaxation; None when it has no solution."""
        solver = highspy.Highs()  # type: ignore[no-untyped-call]
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", 1)
        solver.passModel(self._lp())
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        return np.asarray(solver.getSolution().row_dual)

    def solve(self, seconds: float, cancelled: Callable[[], bool] | None = None) -> Solved:
        """Solve to proven optimality, or stop after ``seconds`` or when ``cancelled`` says so."""
        lp = self._lp()
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[whole] for whole in self.integer]
        solver = highspy.Highs()  # type: ignore[no-untyped-call]
        options = {
            "output_flag": False,
            "threads": 1,
            "mip_rel_gap": 0.0,
            "mip_abs_gap": 1e-7,
            "mip_feasibility_tolerance": TIGHT,
            "primal_feasibility_tolerance": TIGHT,
            "dual_feasibility_tolerance": TIGHT,
            "time_limit": max(seconds, 0.01),
        }
        for name, value in options.items():
            solver.setOptionValue(name, value)
        solver.passModel(lp)
        if cancelled is not None:
            ask = cancelled

            def stop(event: highspy.HighsCallbackEvent) -> None:
                if ask():
                    event.interrupt()

            solver.cbMipInterrupt.subscribe(stop)
        solver.run()
        status = solver.getModelStatus()
        info = solver.getInfo()
        optimal = status == highspy.HighsModelStatus.kOptimal
        infeasible = status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible)
        found = optimal or (not infeasible and info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible)
        objective = float(info.objective_function_value)
        whole = any(self.integer)
        return Solved(
            values=np.asarray(solver.getSolution().col_value) if found else None,
            objective=objective,
            bound=float(info.mip_dual_bound) if whole else objective,
            optimal=optimal,
            infeasible=infeasible,
        )
