"""``make messages``: collect every sentence of the code into both catalogues.

English entries are filled with the sentence itself; Chinese ones are left empty for a translator, and a test names them.
What the code no longer says is dropped.
"""

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
KEYWORDS = {"_": None, "mark": None, "n_": (1, 2)}
SOURCES = ("ui", "pages", "services")
DIRECTORIES = {"zh_CN": "zh_Hans_CN", "en": "en"}


def collected() -> Catalog:
    """Every sentence the code says, with where it says it."""
    catalogue = Catalog(charset="utf-8")
    for source in SOURCES:
        for name, line, message, _comments, context in extract_from_dir(ROOT / source, keywords=KEYWORDS):
            catalogue.add(message, locations=[(f"{source}/{name}", line)], context=context)
    return catalogue


def po_file(directory: str) -> Path:
    return ROOT / "locale" / directory / "LC_MESSAGES" / "simkeeper.po"


def read(directory: str) -> Catalog:
    path = po_file(directory)
    with path.open("rb") as source:
        return read_po(source, locale=DIRECTORIES[directory])


def main() -> None:
    found = collected()
    for directory, locale in DIRECTORIES.items():
        catalogue = read(directory) if po_file(directory).exists() else Catalog(locale=locale, charset="utf-8")
        catalogue.update(found, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        if directory == "en":
            for message in catalogue:
                if message.id:
                    message.string = message.id
        missing = [message.id for message in catalogue if message.id and not all(_forms(message.string))]
        po_file(directory).parent.mkdir(parents=True, exist_ok=True)
        with po_file(directory).open("wb") as target:
            write_po(target, catalogue, no_location=True, omit_header=False, sort_output=True, width=0, ignore_obsolete=True)
        print(f"{directory}: {len(catalogue)} sentences, {len(missing)} without a translation")
        for message_id in missing:
            print(f"    {message_id}")


def _forms(string: str | tuple[str, ...]) -> tuple[str, ...]:
    return string if isinstance(string, (tuple, list)) else (string,)


if __name__ == "__main__":
    main()
