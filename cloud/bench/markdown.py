"""Figures into `docs/reference/performance.md`: one generated section for each bench, between markers. Pure."""

from cloud.bench.report import Report, Row, number

HEAD = """# Performance

What this system does on one machine, measured by `throughline bench`. Each section is written by
`throughline bench NAME --write`; the raw figures lie beside it under `bench/`. Machines differ and are rarely idle: the
ratio to the reference, measured in the same minutes on the same machine, says more than the figure. How to do it on
yours, and what the references do: [Measure a machine](../how-to/measure-a-machine.md).
"""


def markers(bench: str) -> tuple[str, str]:
    """What stands before and after a bench's section."""
    return f"<!-- bench {bench}: generated, begin -->", f"<!-- bench {bench}: generated, end -->"


def with_section(page: str, bench: str, section: str) -> str:
    """The page with the bench's section in its place; at the end, when it has none yet. The rest stays as it is.

    Raises ValueError when one marker is there and the other is not behind it.
    """
    begin, end = markers(bench)
    whole = f"{begin}\n{section.strip()}\n{end}"
    if begin not in page and end not in page:
        return f"{(page or HEAD).rstrip()}\n\n{whole}\n"
    before, found_begin, rest = page.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        msg = f"the markers of {bench} are not a pair"
        raise ValueError(msg)
    return before + whole + after


def section_of(report: Report) -> str:
    """A report as a section: method, figures, notes, machine."""
    lines = [f"## {report.bench}", "", report.method, "", *table(report.rows)]
    costs = [row for row in report.rows if row.parts]
    if costs:
        lines += ["", "Processor time, in µs of one core each:", "", *parts_table(costs)]
    if report.notes:
        lines += ["", *[f"- {note}" for note in report.notes]]
    return "\n".join([*lines, "", f"Measured {report.date} on: {machine_line(report.machine)}."])


def table(rows: tuple[Row, ...]) -> list[str]:
    """The figures as a Markdown table."""
    lines = ["| what | unit | median | min – max | reference | ratio | goal |", "|---|---|---:|---:|---|---:|---|"]
    for row in rows:
        beside = "" if row.reference_value is None else f"{row.reference}: {number(row.reference_value)}"
        ratio = "" if row.ratio is None else number(row.ratio)
        span = f"{number(row.min)} – {number(row.max)}"
        lines.append(
            f"| {row.what} | {row.unit} | {number(row.value)} | {span} | {beside} | {ratio} | {_goal_of(row)} |"
        )
    return lines


def _goal_of(row: Row) -> str:
    if not row.goal:
        return ""
    return f"{row.goal}: {'not measured' if row.met is None else 'met' if row.met else 'not met'}"


def parts_table(rows: list[Row]) -> list[str]:
    """Who spent the processor's time."""
    names = list(dict.fromkeys(name for row in rows for name in row.parts))
    lines = [f"| what | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}"]
    for row in rows:
        cells = [number(row.parts[name]) if name in row.parts else "" for name in names]
        lines.append(f"| {row.what} | {' | '.join(cells)} |")
    return lines


def machine_line(machine: dict[str, object]) -> str:
    """The machine and the versions in a line; what is not known is left out."""
    return ", ".join(f"{name} {value}" for name, value in machine.items() if value)
