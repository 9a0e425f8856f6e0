"""What each section of a report shows, recomputed and compared."""

import math

import numpy as np

from .comparing import (
    OF_AREA, SHOWN_AREAS, area_difference, area_interval, compared, power, shown_pairs, split_pairs,
)
from .convergence import caveat
from .inference import Cells, Range, Scores, clustered_wilson, cut, joined, range_of
from .reading import configurations, test_sets
from .shown import NONE, unescaped, without_names

from scipy import stats


class Report:
    """Everything that sections share."""

    def __init__(self, database, sweep, finished, without, options):
        self.database, self.sweep, self.runs, self.without, self.options = database, sweep, finished, without, options
        self.configurations = configurations(finished, options)
        self.sets = test_sets(self.configurations, options)
        self.all_pairs = compared(self.configurations, options)
        self.pairs = shown_pairs(self.all_pairs)
        self.splits = split_pairs(self.configurations, options)
        self.names = [one.name for one in self.configurations]
        self.confidence = 100 * options.level
        self.percent = f"{self.confidence:.2f}".rstrip("0").rstrip(".") + " %"
        for one in self.configurations:
            one.interval = accuracy_interval(one, options)

    def is_alone(self):
        """Whether any units are single cells."""
        return any(one.tested and not one.tested.are_patients for one in self.configurations)


def points(values):
    return [scaled(value, 100) for value in values]


def scaled(value, factor):
    return Range(value.low * factor, value.high * factor) if isinstance(value, Range) else value * factor


def accuracy_interval(one, options):
    """Wilson's over patients; what the luck of seeds adds beyond single patients joins it by Student's t."""
    tested = one.tested
    if not tested or len(set(tested.units)) < 2:
        return None
    found = clustered_wilson(tested.correctness, tested.units, options.level)
    scores = Scores(Cells(tested.units, tested.are_patients), tested.scores)
    if scores.variance:
        of_seeds, freedom, of_patients = scores.variance
        half = stats.t.ppf(0.5 + options.level / 2, freedom) * max(of_seeds - of_patients, 0.0) ** 0.5
        found = cut(joined(found, float(tested.correctness.mean()), half), 0.0, 1.0)
    return found


# --- texts -------------------------------------------------------------------------------------------------------------


def told(checker, report, section, what, text, values, words=(), constants=()):
    """A sentence: its numbers in their order, and words that it must hold."""
    text = without_names(unescaped(text), report.names)
    for word in words:
        if word not in text:
            checker.mismatch(section, what, "", text, word)
    checker.numbers(section, what, "", text, values, constants)


def accuracy_values(one):
    found = one.quality("accuracy")
    if not found:
        return []
    average, sd, count = found
    return [average * 100] + ([] if sd is None else [count, sd * 100])


def cells_values(one):
    return [one.cells] + ([one.tested.folds] if one.tested and one.tested.folds > 1 else [])


def without_caveat(checker, report, section, text, found):
    """A sentence without its caveat on convergence, whose runs are compared."""
    head, _, tail = unescaped(text).partition(" NOT CONVERGED: ")
    checker.numbers(section, head[:60], "not converged", without_names(tail, report.names), caveat(found))
    return head


def pair_values(pair, options):
    """The numbers of a comparison's sentence."""
    low, high = pair.difference.interval
    values = [pair.difference.value * 100, 100 * options.level, low * 100, high * 100, pair.units]
    if pair.difference.seeds != (1, 1):
        values += [pair.difference.seeds[0]] if len(set(pair.difference.seeds)) == 1 else list(pair.difference.seeds)
    return values + ([pair.splits] if pair.splits > 1 else [])


def corrected_for(pair):
    return [pair.of_family] if pair.of_family > 1 else []


def check_pair_sentence(checker, report, section, text, pair):
    options = report.options
    text = without_caveat(checker, report, section, text, [pair.first, pair.second])
    name = f"{pair.first.name} vs {pair.second.name}"
    if not text.startswith(name):
        checker.mismatch(section, name, "", text, name)
        return
    rest = without_names(text[len(name):], report.names)
    verdicts = pair.verdicts(options.alpha)
    shown = next(
        (word for word, start in (
            ("equivalent", ": equivalent"), ("equivalent, better", ": better, but equivalent"),
            ("equivalent, worse", ": worse, but equivalent"), ("better", ": better ("), ("worse", ": worse ("),
            ("inconclusive", ": inconclusive"),
        ) if rest.replace(", these trained networks", "").startswith(start)), "",
    )
    if shown not in verdicts:
        checker.mismatch(section, name, "verdict", shown, verdicts)
    if ("these trained networks" in rest) == pair.difference.of_methods:
        checker.mismatch(section, name, "scope", rest, f"of methods: {pair.difference.of_methods}")
    if pair.difference.parts["folds_decide"] != ("spread between folds" in rest):
        checker.mismatch(section, name, "folds", rest, pair.difference.parts["folds_decide"])
    margins = [100 * options.margin] + equal_margins(pair, options)
    numbers, p = pair_values(pair, options), [pair.corrected, *corrected_for(pair)]
    low, high = (scaled(bound, 100) for bound in pair.equivalence["interval"])
    evidence = [100 * (1 - 2 * options.alpha), low, high, pair.beyond, *corrected_for(pair)]
    if shown == "equivalent":
        values = margins + numbers + evidence
    elif shown.startswith("equivalent"):
        values = margins + numbers + p + evidence
    elif shown in ("better", "worse"):
        values = numbers + p
    else:
        values = numbers + [100 * options.margin]
        if pair.are_identical:
            pass
        elif not pair.difference.carries_claims:
            values += [pair.difference.effective, pair.units, 5, pair.largest_share * 100]
        else:
            lower, upper = pair.difference.interval
            if lower > 0 or upper < 0:
                values += [0, *p]
            if "Equivalence is not shown" in rest:
                values += evidence
                if range_of(low).high <= -100 * options.margin or range_of(high).low >= 100 * options.margin:
                    checker.mismatch(section, name, "interval of equivalence", rest, (low, high))
            elif range_of(low).low > -100 * options.margin and range_of(high).high < 100 * options.margin:
                checker.mismatch(section, name, "interval of equivalence within the margin", rest, (low, high))
    checker.numbers(section, name, "", rest, values)


def equal_margins(pair, options):
    """Margins of the rates as the sentence lists them: once where they are equal."""
    found = [
        100 * margin for name, margin in
        (("sensitivity", options.sensitivity_margin), ("specificity", options.specificity_margin)) if pair.rates[name]
    ]
    return found[:1] if len(found) == 2 and found[0] == found[1] else found


# --- In short ----------------------------------------------------------------------------------------------------------


def in_short(checker, report, section):
    left = list(section.texts())
    title = section.title

    def next_text(what):
        if not left:
            checker.mismatch(title, what, "", "no such sentence", what)
            return None
        return left.pop(0)

    def tell(what, values, words=(), constants=(), of=()):
        text = next_text(what)
        if text is not None:
            head = without_caveat(checker, report, title, text, of)
            told(checker, report, title, what, head, values, words, constants)

    options, found = report.options, report.configurations
    for one in report.sets[:4]:
        best = one.best
        if len(one.members) == 1:
            tell("leader", accuracy_values(best) + cells_values(best), of=one.members)
        elif one.by_validation:
            tell("leader", [len(one.members), *accuracy_values(best), *cells_values(best)], ["best validation figures"], of=one.members)
            continue
        else:
            accuracies = [member.quality("accuracy")[0] * 100 for member in one.members if member.quality("accuracy")]
            tell("leader", [len(one.members), min(accuracies), max(accuracies), *cells_values(best)], of=one.members)
    if len(report.sets) > 1:
        tell("several sets", [len(report.sets) - 4] if len(report.sets) > 4 else [])
    against_baseline(checker, report, title, tell, next_text)
    for sentence in series_sentences(report)[:2]:
        text = next_text("series")
        if text is not None:
            check_series(checker, report, title, text, sentence)
    shown = power(report.all_pairs, options)
    if shown:
        several = [shown["comparisons"]] if shown["comparisons"] > 1 else []
        margin = [100 * options.margin] if shown["loss"] > options.margin else []
        more = [shown["needed"], *margin] if shown["needed"] else margin
        tell("power", [shown["seeds"], *several, shown["loss"] * 100, 80, shown["margin"] * 100, 80, *more])
    for path in sorted({path for one in found for path in one.tuned}):
        tuned = [one for one in found if path in one.tuned]
        values = []
        for one in tuned[:4]:
            values += [number for value, runs in sorted(one.tuned[path].items()) if runs for number in (float(value), runs)]
        if len(tuned) > 4:
            values.append(len(tuned) - 4)
        budgets = [len(one.tuned[path]) for one in tuned]
        if len(tuned) < len(found):
            values.append(len(found) - len(tuned))
        else:
            values += [min(budgets), max(budgets)] if min(budgets) < max(budgets) else budgets[:1]
        tell("tuned", values)
    tell("caution", caution(report))
    if report.without:
        kinds = [run["status"] if run else "planned" for _, run in report.without]
        counts = [kinds.count(kind) for kind in ("diverged", "failed", "interrupted", "running", "planned")]
        tell("without a result", [len(kinds), *(count for count in counts if count), len(report.runs)])
    leakage = leaked(report)
    if leakage:
        tell("leakage", leakage)
    if any(run["synthetic"] for run in report.runs):
        tell("synthetic", [])
    for text in left:
        checker.mismatch(title, "", "", text, "no such sentence is expected")


def against_baseline(checker, report, title, tell, next_text):
    options = report.options
    known = next((one for one in report.sets if one.best_other and one.baseline), None)
    if known is None:
        selected = [options.is_baseline(one.settings) for one in report.configurations]
        if all(selected) or (not any(selected) and len(selected) < 2):
            return
        next_text("no difference to the baseline")
        return
    other, reference = known.best_other, known.baseline
    one, two = other.quality("accuracy")[0], reference.quality("accuracy")[0]
    gap = [] if abs(one - two) < 0.00005 - 1e-12 else [abs(one - two) * 100]
    words = ["level with"] if not gap else ["points above" if one > two else "points below"]
    parameters = [side.first["trainable_parameters"] for side in (other, reference)]
    pair = next((pair for pair in report.pairs if pair.first is other and pair.second is reference), None)
    values = accuracy_values(other) + gap + accuracy_values(reference) + parameters
    tell("beside the baseline", values, words, of=() if pair else (other, reference))
    if pair:
        text = next_text("the pair with the baseline")
        if text:
            check_pair_sentence(checker, report, title, text, pair)


def series(report):
    """Of each series of ranks and of layers the numbers and the words of its sentence."""
    found = []
    for kind in ("rank", "layers"):
        known = []
        for one in report.configurations:
            is_rank = kind == "rank"
            if one.tested is None or (not one.first["rank"] if is_rank else one.first["layers"] is None):
                continue
            key = one.without_rank if is_rank else one.without_layers
            size = one.first["rank"] if is_rank else one.first["trainable_parameters"]
            for other_key, members in known:
                if other_key == key and members[0][1].tested.same_cells(one.tested):
                    members.append((size, one))
                    break
            else:
                known.append((key, [(size, one)]))
        for key, members in known:
            if len(members) > 1:
                found.append((kind, key, sorted(members, key=lambda member: member[0])))
    return [series_sentence(report, *one) for one in found]


def series_sentences(report):
    """Of 24 series at most, then how many there are besides, then a caveat where a comparison has one seed."""
    found = series(report)
    sentences = found[:24] + ([len(found) - 24] if len(found) > 24 else [])
    pairs = [pair for known in found[:24] for pair in known[4].values() if pair]
    return sentences + (["trained with one seed"] if any(not pair.difference.of_methods for pair in pairs) else [])


def series_sentence(report, kind, key, members):
    options = report.options
    own = next(one for one in report.sets if any(one_ is members[0][1] for one_ in one.members))
    reference = own.baseline or own.best
    against = {
        id(one): next((pair for pair in report.all_pairs if pair.first is one and pair.second is reference), None)
        for _, one in members
    }
    name = lambda one: f"rank {one.first['ranks'] if kind != 'rank' else one.first['rank']}" if kind == "rank" else one.first["layers"]
    verdict = lambda pair: pair.verdicts(options.alpha)
    # Draws may leave a claim open: then both readings are possible, and only the words that do not depend on it are asked for.
    open_ = any(pair and pair.inferior.low < options.alpha <= pair.inferior.high for pair in against.values())
    claimed = [pair.inferior.high < options.alpha if pair else one is reference for (_, one), pair in
               ((member, against[id(member[1])]) for member in members)]
    words = []
    if not open_:
        enough = next((one for (_, one), is_enough in zip(members, claimed) if is_enough), None)
        if enough is not None and enough is not reference:
            words = [f"{name(enough)} is the ", "shown non-inferior"]
        elif enough is not None and enough is members[0][1]:
            words = ["itself"]
        else:
            words = ["inconclusive"]
    for word in ("worse", "better"):
        for _, one in members:
            pair = against[id(one)]
            if pair and verdict(pair) == {word}:
                words.append(f"Shown {word}: ")
    return (key, kind, members, reference, against, words)


def caution(report):
    options, found = report.options, report.configurations
    cells = sorted({one.members[0].cells for one in report.sets if one.members[0].cells > 0})
    values = [100 / cells[-1]] + ([100 / cells[0]] if len(cells) > 1 else [])
    concentrations = [(pair.difference.effective, pair.units) for pair in report.pairs]
    if concentrations:
        effective, count = min(concentrations, key=lambda one: one[0])
        needed = math.floor(math.log(options.alpha) / math.log(1 - options.margin)) + 1
        if effective < needed:
            here = [round(effective), count] if round(effective) < count else [count]
            values += [100 * options.margin, needed, *here]
    identical = sum(one.tested.identical_seeds for one in found if one.tested)
    values += [identical] if identical else []
    if report.pairs:
        values += [100 * options.margin, 100 * options.sensitivity_margin, 100 * options.specificity_margin]
    return values


def leaked(report):
    names = lambda run, mask: {image for image, is_kept in zip(run.test.images, mask) if is_kept}
    unknown = set().union(*(names(run, ~run.test.known) for run in report.runs))
    values = [len(unknown), len(set().union(*(set(run.test.images) for run in report.runs)))] if unknown else []
    if unknown and not any(run.test.known.any() for run in report.runs):
        return values
    counts = sorted({(run["shared_patients"], run["test_patients"], run["shared_test_images"], run["test_images"]) for run in report.runs})
    worst = max(reversed(counts), key=lambda one: one[2] / max(one[3], 1))
    if worst[0] == worst[2] == 0:
        tested = sorted({one[1] for one in counts})
        return values + ([tested[0]] if len(tested) == 1 else [tested[0], tested[-1]])
    return values + [*worst, 100 * worst[2] / max(worst[3], 1)]


# --- Comparison --------------------------------------------------------------------------------------------------------


def seconds_cell(text):
    """A shown duration as a number of its smallest unit."""
    import re

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
    from .shown import parsed, NUMBER

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


# --- Against each other ------------------------------------------------------------------------------------------------


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


def check_series(checker, report, title, text, known):
    if isinstance(known, (int, str)):
        told(checker, report, title, "series", text, [known] if isinstance(known, int) else [], [known] if isinstance(known, str) else [])
        return
    key, kind, members, reference, against, words = known
    text = without_caveat(checker, report, title, text, [one for _, one in members])
    if not text.startswith(f"{key}: "):
        checker.mismatch(title, key, "", text, f"{key}: …")
        return
    for word in words:
        if word not in text:
            checker.mismatch(title, key, "", text, word)
    # The numbers besides names of ranks and layers: margin, comparisons, differences shown.
    rest = text[len(key) + 2:]
    for one in sorted((one for _, one in members), key=lambda one: -len(one.first["ranks"] or "")):
        rest = rest.replace(one.first["layers"], "LAYERS") if kind == "layers" else rest.replace(f"rank {one.first['rank']}", "RANK")
    rest = without_names(rest, report.names)
    pairs = [against[id(one)] for _, one in members if against[id(one)]]
    values = []
    if "margin" in rest:
        values += [100 * report.options.margin]
        values += corrected_for(pairs[0]) if pairs else []
    for verdict in ("worse", "better"):
        values += [100 * pair.difference.value for pair in pairs if pair.verdicts(report.options.alpha) == {verdict}]
    if len(members) > 16:
        values.append(len(members) - 16)
    checker.numbers(title, key, "", rest, values)


# --- Random against patient split --------------------------------------------------------------------------------------


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
