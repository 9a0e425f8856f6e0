"""The table of configurations."""

import re

from .comparing import OF_AREA, area_interval
from .report import points
from .sentences import told
from .shown import NONE, NUMBER, parsed


def comparison(checker, report, section):
    found, options, title = report.configurations, report.options, section.title
    table = section.tables()[0]
    columns = [("model", lambda one: one.first["model"])]
    for name, of in (
        ("layers", lambda one: one.first["layers"]), ("rank", lambda one: one.first["ranks"]),
        ("preset", lambda one: one.first["preset"]), ("settings", lambda one: one.written or None),
    ):
        if any(of(one) for one in found):
            columns.append((name, lambda one, of=of: of(one) or NONE))
    columns.append(("runs", lambda one: [len(one.runs)]))
    if any(one.tested for one in found):
        columns.append(("seeds", lambda one: one.tested and [one.tested.seeds]))
    if any(one.validation for one in found):
        columns.append(("validation accuracy, %", lambda one: one.validation and [100 * one.validation[0]]))
    quality = lambda name, factor: lambda one: spread(one.quality(name), factor)
    areas = {id(one): area_interval(one, options) for one in found}
    columns.append(("accuracy, %", quality("accuracy", 100)))
    if any(one.interval for one in found):
        columns.append((f"{report.percent} interval, accuracy", lambda one: one.interval and points(one.interval)))
    columns += [("sensitivity, %", quality("sensitivity", 100)), ("specificity, %", quality("specificity", 100)), ("F1", quality("f1", 1)), ("AUC", quality("auc", 1))]
    if any(areas.values()):
        columns.append((f"{report.percent} interval, AUC", lambda one: areas[id(one)] and list(areas[id(one)])))
    for name, column in (("trainable parameters", "trainable_parameters"), ("in adapters", "adapter_parameters"), ("frozen parameters", "frozen_parameters")):
        columns.append((name, lambda one, column=column: [one.first[column]]))
    rest = [("training time", "train_seconds", check_seconds), ("images/s", "images_per_second", None), ("peak memory", "peak_memory_bytes", check_bytes)]
    names = [name for name, _ in columns] + [name for name, *_ in rest]
    if table.columns != names or len(table.rows) != len(found):
        checker.mismatch(title, "", "columns or rows", (table.columns, len(table.rows)), (names, len(found)))
        return
    for cells, one in zip(table.rows, found):
        for (column, of), shown in zip(columns, cells):
            checker.cell(title, one.name, column, shown, of(one))
        for (column, measure, check), shown in zip(rest, cells[len(columns):]):
            value = one.measure(measure)
            if check:
                check(checker, title, one.name, column, shown, value)
            else:
                checker.cell(title, one.name, column, shown, None if value is None else [value])
    check_stars(checker, report, title, table)
    tested = [one for one in found if one.interval]
    values = []
    if tested:
        values = [report.confidence, OF_AREA]
        for are_patients in (True, False):
            counts = sorted({len(set(one.tested.units)) for one in tested if one.tested.are_patients == are_patients})
            values += counts if len(counts) < 2 else [counts[0], counts[-1]]
        if any(len(set(one.tested.units)) < 30 for one in tested):
            values.append(30)
    told(checker, report, title, "caption", section.texts()[0], values)


def spread(found, factor):
    return found and [found[0] * factor] + ([] if found[1] is None else [found[1] * factor])


def check_stars(checker, report, title, table):
    """A star stands at the best shown value of a column, of test results among those on the same cells."""
    highest = ["accuracy, %", "sensitivity, %", "specificity, %", "F1", "AUC"]
    places = {id(one): place for place, one in enumerate(report.configurations)}
    groups = [[places[id(one)] for one in set_.members] for set_ in report.sets]
    for column in highest:
        at = table.columns.index(column)
        for group in groups:
            shown = {place: NUMBER.search(table.rows[place][at]) for place in group}
            values = {place: parsed(found["digits"])[0] for place, found in shown.items() if found}
            starred = [place for place in group if table.starred[place][at]]
            if starred and any(values[place] < max(values.values()) for place in starred):
                checker.mismatch(title, report.configurations[starred[0]].name, column, "★", "not the highest")
            elif not starred and len({table.rows[place][at] for place in values}) > 1:
                checker.mismatch(title, "", column, "no ★", "values differ")


def seconds_cell(text):
    """A shown duration as a number of its smallest unit."""
    found = re.fullmatch(r"(\d+) h (\d+) min", text)
    if found:
        return str(60 * int(found[1]) + int(found[2])), 60.0
    found = re.fullmatch(r"(\d+) min (\d+) s", text)
    if found:
        return str(60 * int(found[1]) + int(found[2])), 1.0
    return text.removesuffix(" s"), 1.0


def check_seconds(checker, section, row, column, shown, value):
    if value is None:
        checker.cell(section, row, column, shown, None)
        return
    number, unit = seconds_cell(shown)
    checker.cell(section, row, column, number, [value / unit])


def check_bytes(checker, section, row, column, shown, value):
    if value is None:
        checker.cell(section, row, column, shown, None)
        return
    number, unit = shown.split(" ")
    checker.cell(section, row, column, number, [value / 1024 ** (1 + ["KiB", "MiB", "GiB", "TiB"].index(unit))])
