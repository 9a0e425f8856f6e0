"""The tables of comparisons and of both splits."""

from .comparing import SHOWN_AREAS, area_difference
from .report import points
from .sentences import check_pair_sentence, check_series, series_sentences, told, without_caveat
from .shown import unescaped


def against_each_other(checker, report, section):
    options, title = report.options, section.title
    texts, tables = list(section.texts()), section.tables()
    if report.pairs:
        lines = [line.removeprefix("- ") for line in texts.pop(0).split("\n")]
        if len(lines) != len(report.pairs):
            checker.mismatch(title, "sentences", "", len(lines), len(report.pairs))
        for line, pair in zip(lines, report.pairs):
            check_pair_sentence(checker, report, title, line, pair)
    for known in series_sentences(report):
        if not texts:
            checker.mismatch(title, "series", "", "no such sentence", known[0])
            break
        check_series(checker, report, title, texts.pop(0), known)
    if not report.pairs:
        return
    interval = f"{report.percent} interval"
    rows = []
    for pair in report.pairs:
        networks = "" if pair.difference.of_methods else ", these networks"
        row = [
            ("first", pair.first.name), ("second", pair.second.name), ("question", pair.family), ("verdict", None),
            ("difference, points", [100 * pair.difference.value]), (interval, points(pair.difference.interval)),
            ("p", [pair.p]), ("p, corrected", [pair.corrected]), ("p, beyond the margins", [pair.beyond]),
            ("p, inferior", [pair.inferior]),
        ]
        for rate in ("sensitivity", "specificity"):
            found = pair.rates[rate]
            row.append((f"difference, {rate}, points", found and [100 * found.value]))
            row.append((f"{interval}, {rate}, points", found and points(found.interval)))
        alone = "cells that one alone gets right"
        row += [
            (f"first, {alone}", [pair.only[0]]), (f"second, {alone}", [pair.only[1]]),
            (f"McNemar p, {alone}", None if pair.mcnemar is None else [pair.mcnemar]),
            ("difference, AUC", None if pair.area is None else [pair.area]),
            ("DeLong p, AUC", None if pair.delong is None else [pair.delong]),
        ]
        rows.append((pair, networks, row))
    table = tables.pop(0)
    for cells, (pair, networks, row) in zip(table.rows, rows):
        place = 3
        shown = cells[place].removesuffix(" (not converged)")
        if shown not in {verdict + networks for verdict in pair.verdicts(options.alpha)}:
            checker.mismatch(title, f"{pair.first.name} vs {pair.second.name}", "verdict", shown, pair.verdicts(options.alpha))
        row[place] = ("verdict", cells[place])
    checker.table(title, table, [row for *_, row in rows], keys=3)
    caption = next(text for text in texts if unescaped(text).startswith("Differences in accuracy"))
    of_family = lambda name: sum(pair.family == name for pair in report.all_pairs)
    values = [count for count in (of_family("primary"), of_family("secondary")) if count]
    values += [options.alpha, 100 * options.margin, 100 * options.sensitivity_margin, 100 * options.specificity_margin]
    if len(report.pairs) < len(report.all_pairs):
        values.append(len(report.all_pairs) - len(report.pairs))
    told(checker, report, title, "caption", caption, values)
    texts.remove(caption)
    if not tables:
        checker.mismatch(title, "AUC", "", "no table", "differences in AUC")
        return
    rows, fewest = [], None
    for pair in report.pairs[:SHOWN_AREAS]:
        estimate, bounds, replicates = area_difference(pair, options)
        fewest = min(replicates, fewest or replicates)
        rows.append([
            ("first", pair.first.name), ("second", pair.second.name),
            ("difference, AUC", None if estimate is None else [estimate]), (f"{interval}, AUC", bounds and list(bounds)),
        ])
    checker.table(f"{title}: AUC", tables.pop(0), rows, keys=2)
    caption = next(text for text in texts if text.startswith("Differences in area"))
    few = [30] if any(pair.units < 30 for pair in report.pairs[:SHOWN_AREAS]) else []
    more = [len(report.pairs) - SHOWN_AREAS] if len(report.pairs) > SHOWN_AREAS else []
    told(checker, report, f"{title}: AUC", "caption", caption, [fewest, *few, *more])


def both_splits(checker, report, section):
    title, options = section.title, report.options
    texts, table = section.texts(), section.tables()[0]
    lines = [line.removeprefix("- ") for line in texts[0].split("\n")]
    under, interval = "random − patient", f"{report.percent} interval"
    rows = []
    for line, (random, patient, difference, units, several, p) in zip(lines, report.splits):
        shared = 100 * sum(run["shared_test_images"] for run in random.runs) / max(sum(run["test_images"] for run in random.runs), 1)
        plain = [(name, value) for name, value in random.differing if name not in ("split", "folds", "test_fraction", "validation_fraction")]
        rank = f"rank {random.first['ranks']}" if random.first["ranks"] else None
        name = " · ".join(part for part in (random.first["model"], random.first["layers"], rank, " ".join(f"{one}={value}" for one, value in plain)) if part)
        if several:
            name += f" ({random.written} against {patient.written})"
        rows.append([
            ("configuration", name), ("accuracy, %, random split", [100 * difference.first]), ("cells, random split", [random.cells]),
            ("of patients in training or validation, %, random split", [shared]),
            ("accuracy, %, split by patient", [100 * difference.second]), ("cells, split by patient", [patient.cells]),
            (f"points, {under}", [100 * difference.value]), (f"{interval}, {under}", points(difference.interval)),
            (f"p, corrected, {under}", [p]),
        ])
        text = without_caveat(checker, report, title, line, [random, patient])
        low, high = difference.interval
        shown = p.low < options.alpha and (low > 0 or high < 0)
        word = "inconclusive" if not shown else "better" if difference.value > 0 else "worse"
        if not text.startswith(f"{name}: {word}"):
            checker.mismatch(title, name, "verdict", text, word)
        values = [100 * difference.first, 100 * difference.second, 100 * difference.value, report.confidence, 100 * low, 100 * high, p]
        values += [len(report.splits)] if len(report.splits) > 1 else []
        values += [shared] if word != "worse" else []
        checker.numbers(title, name, "sentence", text.removeprefix(name), values)
    if len(lines) != len(report.splits):
        checker.mismatch(title, "sentences", "", len(lines), len(report.splits))
    checker.table(title, table, rows)
    told(checker, report, title, "caption", texts[-1], [max(one[3] for one in report.splits)])
