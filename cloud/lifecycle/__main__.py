"""`python -m cloud.lifecycle docs`: draws the picture and the tables of `docs/` again. A test says when it is time."""

import sys
from pathlib import Path

from cloud.lifecycle.diagram import explore, redrawn, svg


def main(docs: Path) -> None:
    edges = explore()
    page = docs / "concepts" / "lifecycle.md"
    (docs / "pictures" / "lifecycle.svg").write_text(svg(edges), encoding="utf-8")
    page.write_text(redrawn(page.read_text(encoding="utf-8"), edges), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))
