"""The notebook runs from its first cell to its last, without Streamlit, and draws the charts of the pages."""

import nbformat
from nbclient import NotebookClient

from tests.conftest import ROOT

PATH = ROOT / "docs" / "simkeeper.ipynb"


def test_every_cell_runs_and_the_charts_are_there() -> None:
    notebook = nbformat.read(PATH, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell('assert "streamlit" not in sys.modules'))
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error"]
    charts = [output for output in outputs if "vega-lite" in output.get("data", {}).get("text/html", "")]
    assert len(charts) == 3
    said = "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stdout")
    assert "proved" in said
    assert "Nothing is known to be lost before 20" in said


def test_it_is_kept_without_outputs() -> None:
    notebook = nbformat.read(PATH, as_version=4)
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook.cells if cell.cell_type == "code")
