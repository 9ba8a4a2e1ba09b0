"""Comparing plans for a trip: a catalogue in columns, a question, a ranking.

``PlanFrame.from_columns`` takes the catalogue as ``COLUMN_SPEC`` describes it; ``rank`` orders it for a ``Question``; ``Ranking.page``
makes the table of the rows shown; ``chosen`` and ``side_by_side`` lay plans beside each other; ``step_lines`` feeds the chart;
``export_csv`` writes the file; ``question_to_params`` and ``question_from_params`` keep the question in the address.
"""

from services.rules.compare.address import Address, Draft, Problem, ProblemKind, question_from_params, question_to_params
from services.rules.compare.appraisal import TotalState
from services.rules.compare.beside import MOST_BESIDE, Fact, side_by_side
from services.rules.compare.countries import ISO_CODES
from services.rules.compare.export import EXPORT_COLUMNS, export_csv, plain_cell
from services.rules.compare.frame import COLUMN_SPEC, FEATURES, CatalogueError, PlanFrame, amount_of, row_of
from services.rules.compare.question import Filters, NeedBasis, Preset, Question, Rates, SortKey, UnknownPolicy
from services.rules.compare.ranking import FACETS, Ranking, UnlimitedMeaning, chosen, rank
from services.rules.compare.steps import Step, StepLine, step_lines

__all__ = [
    "COLUMN_SPEC",
    "EXPORT_COLUMNS",
    "FACETS",
    "FEATURES",
    "ISO_CODES",
    "MOST_BESIDE",
    "Address",
    "CatalogueError",
    "Draft",
    "Fact",
    "Filters",
    "NeedBasis",
    "PlanFrame",
    "Preset",
    "Problem",
    "ProblemKind",
    "Question",
    "Ranking",
    "Rates",
    "SortKey",
    "Step",
    "StepLine",
    "TotalState",
    "UnknownPolicy",
    "UnlimitedMeaning",
    "amount_of",
    "chosen",
    "export_csv",
    "plain_cell",
    "question_from_params",
    "question_to_params",
    "rank",
    "row_of",
    "side_by_side",
    "step_lines",
]
