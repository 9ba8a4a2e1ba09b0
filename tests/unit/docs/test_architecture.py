"""The diagram of the architecture shows the imports of the code, no more and no fewer."""

import re

import grimp

from tests.conftest import ROOT

FLOORS = {
    "ui": "ui",
    "use": "services.use",
    "store": "services.store",
    "providers": "services.providers",
    "channels": "services.channels",
    "rules": "services.rules",
    "model": "services.model",
}


def floor_of(module: str) -> str | None:
    return next((floor for floor, package in FLOORS.items() if module == package or module.startswith(f"{package}.")), None)


def test_the_arrows_are_the_imports() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    drawn = set(re.findall(r"^    (\w+) --> (\w+)$", text, re.MULTILINE))
    graph = grimp.build_graph("services", "ui")
    imported = {
        (above, below)
        for module in graph.modules
        for found in graph.find_modules_directly_imported_by(module)
        if (above := floor_of(module)) and (below := floor_of(found)) and above != below
    }
    assert len(drawn) > 10
    assert drawn == imported


def test_every_folder_of_the_services_is_in_the_table() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    folders = {path.name for path in (ROOT / "services").iterdir() if (path / "__init__.py").exists()}
    assert folders
    assert all(f"`services/{folder}/`" in text for folder in folders)
