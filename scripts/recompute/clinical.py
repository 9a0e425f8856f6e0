"""Operating points and clinical measures, recomputed and compared."""

import numpy as np
from scipy import stats

from .rates import chosen_threshold, net_benefit, predictive, recalibration, wilson
from .reading import best_by_validation, operating_rates
from .shown import unescaped, without_names

AIMS = (
    ("youden", "Youden's J largest"), ("specificity", "specificity at least 95 %"), ("sensitivity", "sensitivity at least 95 %"),
)
LEAST_PATIENTS = 5


def applied(runs, aim, level):
    """Thresholds of the runs and the rates on their test cells; None where an aim is not reached."""
    thresholds = [chosen_threshold(aim, run.validation.labels, run.validation.probabilities) for run in runs]
    if None in thresholds or any(np.isnan(run.test.probabilities).any() for run in runs):
        return None
    rates = operating_rates(runs, thresholds, level)
    return rates and (min(thresholds), max(thresholds), rates)


def of_configuration(report, one):
    """Points of all aims; None without validation predictions."""
    if not hasattr(one, "points"):
        known = all(len(run.validation) for run in one.runs)
        one.points = [(aim, words, applied(one.runs, aim, report.options.level)) for aim, words in AIMS] if known else None
    return one.points


def percent(values):
    return [100 * value for value in values]


def thresholds_shown(shown, least, most):
    """One number where both thresholds are written alike."""
    return [least, most] if " to " in shown else [(least + most) / 2] if abs(most - least) > 0 else [least]


def check_threshold(checker, section, row, shown, least, most):
    if " to " in shown:
        checker.numbers(section, row, "threshold", shown, [least, most])
        return
    for value in (least, most):
        if not checker.agrees(shown, value):
            checker.mismatch(section, row, "threshold", shown, value)
    checker.compared[section] += 1


def operating_points(checker, report, section):
    title, interval = section.title, f"{report.percent} interval, on test"
    table, left = section.tables()[0], []
    columns = ["configuration", "chosen on validation", "threshold", "sensitivity, %, on test", interval, "specificity, %, on test", interval]
    rows, without = [], []
    for one in report.configurations:
        found = of_configuration(report, one)
        if found is None:
            without.append(one)
            continue
        for _, words, point in found:
            row = [one.name, words]
            if point is None:
                rows.append(row + [None] * 5)
                continue
            rates = point[2]
            for name in ("sensitivity", "specificity"):
                rate, low, high = percent(rates[name])
                left.append(None)
                row += [[rate], [low, high]]
            rows.append(row[:2] + [point[:2]] + row[2:])
    if len(table.rows) != len(rows):
        checker.mismatch(title, "", "", f"{len(table.rows)} rows", f"{len(rows)} rows")
    for cells, row in zip(table.rows, rows):
        if row[2] is not None:
            check_threshold(checker, title, " / ".join(cells[:2]), cells[2], *row[2])
            row[2] = cells[2]
    checker.table(title, table, [list(zip(columns, row)) for row in rows], keys=2)
    caption = without_names(unescaped(section.texts()[0]), report.names)
    checker.numbers(title, "caption", "", caption, [len(without)] if without else [], constants=(1,))


# --- clinical measures -------------------------------------------------------------------------------------------------


def shown(report):
    """The baseline and the best of the others of the first test sets."""
    found = []
    for one in report.sets[:4]:
        members = [member for member in one.members if member.tested]
        baselines = [member for member in members if report.options.is_baseline(member.settings)]
        others = [member for member in members if not any(member is baseline for baseline in baselines)]
        best = best_by_validation(others)
        of_set = [best_by_validation(baselines), best if best and best.validation else None]
        of_set = [member for member in of_set if member]
        if of_set:
            found.append((one, of_set))
    return found


def prevalence_words(report):
    return f"{100 * report.options.prevalence:.4f}".rstrip("0").rstrip(".") + " %"


def introduction(checker, report, section):
    texts = section.texts()
    first = without_names(unescaped(texts[0]), report.names)
    for _, members in shown(report):
        for one in members:
            if one.name not in unescaped(texts[0]):
                checker.mismatch(section.title, "", "", texts[0], one.name)
    more = len(report.sets) - 4
    checker.numbers(section.title, "shown", "", first, [more] if more > 0 else [])
    checker.numbers(section.title, "prevalence", "", texts[1], [100 * report.options.prevalence])


def all_shown(report):
    return [one for _, members in shown(report) for one in members]


def patients_of(found):
    """(cells, positive cells, cells called positive) of each known patient; None of fewer than two."""
    names = sorted(set(found.patients[found.known]))
    if len(names) < 2 or np.isnan(found.probabilities).any():
        return None
    of = {}
    for name in names:
        own = found.known & (found.patients == name)
        of[name] = (int(own.sum()), int(found.labels[own].sum()), int(np.sum(found.probabilities[own] >= 0.5)))
    return of


def rule(kind, run):
    """The number or share of called cells with the largest Youden's J on validation patients, or why there is none."""
    if kind == "any":
        return 1.0
    patients = patients_of(run.validation)
    if patients is None:
        return "fewer than 2 known validation patients", []
    positives = sum(positive > 0 for _, positive, _ in patients.values())
    negatives = len(patients) - positives
    if min(positives, negatives) < LEAST_PATIENTS:
        return "are needed", [positives, negatives, LEAST_PATIENTS]
    value = lambda cells, called: called if kind == "cells" else called / cells
    best = None
    for cells, _, called in patients.values():
        if not called:
            continue
        least = value(cells, called)
        hits = sum(positive > 0 and value(cells, called) >= least for cells, positive, called in patients.values())
        alarms = sum(positive == 0 and value(cells, called) >= least for cells, positive, called in patients.values())
        key = (hits * negatives - alarms * positives, hits)
        if best is None or key > best[0]:
            best = (key, float(least))
    return best[1] if best else ("no validation cell", [])


def outcome(report, one, kind):
    rules = [rule(kind, run) for run in one.runs]
    failed = next((found for found in rules if isinstance(found, tuple)), None)
    if failed:
        return failed
    calls, positive = {}, set()
    for run, least in zip(one.runs, rules):
        for name, (cells, positives, called) in patients_of(run.test).items():
            calls.setdefault(name, []).append((called / cells if kind == "share" else called) >= least)
            if positives:
                positive.add(name)
    z = stats.norm.ppf(0.5 + report.options.level / 2)

    def rate(values):
        if len(values) < LEAST_PATIENTS:
            return None
        share = float(np.mean(values))
        return share, *wilson(share, len(values), z)

    means = {name: float(np.mean(own)) for name, own in calls.items()}
    sensitivity = rate([value for name, value in means.items() if name in positive])
    specificity = rate([1 - value for name, value in means.items() if name not in positive])
    values = predictive(sensitivity, specificity, report.options.prevalence) if sensitivity and specificity else (None, None)
    return dict(rules=(min(rules), max(rules)), positives=len(positive), negatives=len(means) - len(positive), rates=[sensitivity, specificity, *values])


def per_patient(checker, report, section):
    title = section.title
    texts, tables = list(section.texts()), section.tables()
    for place, (_, members) in enumerate(shown(report)):
        text = unescaped(texts.pop(0))
        if len(shown(report)) > 1:
            text = text.partition("): ")[2]
        tested = [patients_of(run.test) for run in members[0].runs]
        if None in tested:
            if "no rates per patient" not in text:
                checker.mismatch(title, f"test set {place + 1}", "", text, "no rates per patient")
            checker.compared[title] += 1
            continue
        positive = {name for found in tested for name, (_, positives, _) in found.items() if positives}
        names = {name for found in tested for name in found}
        without = len(names) - len(positive)
        if without == 0:
            values = [len(names)]
        elif without < LEAST_PATIENTS:
            values = [without, len(names), LEAST_PATIENTS]
        elif len(positive) < LEAST_PATIENTS:
            values = [len(positive), len(names), LEAST_PATIENTS]
        else:
            values = [len(positive), len(names)]
        unknown = sum(int(np.sum(~run.test.known)) for run in members[0].runs)
        checker.numbers(title, f"test set {place + 1}", "", text, values + ([unknown] if unknown else []))
    if not tables:
        return
    rows = []
    for one in all_shown(report):
        if any(patients_of(run.test) is None for run in one.runs):
            continue
        found = {kind: outcome(report, one, kind) for kind in ("any", "cells", "share")}
        same = isinstance(found["cells"], tuple) and found["cells"] == found["share"]
        rows += [(one, kind, found[kind]) for kind in ("any", "cells", "share") if not (same and kind == "share")]
    table = tables[0]
    if len(rows) != len(table.rows):
        checker.mismatch(title, "", "", f"{len(table.rows)} rows", f"{len(rows)} rows")
    for cells, (one, kind, found) in zip(table.rows, rows):
        name = " / ".join(cells[:2])
        checker.text(title, name, "configuration", cells[0], one.name)
        if isinstance(found, tuple):
            word, values = found
            if word not in cells[1]:
                checker.mismatch(title, name, "called positive from", cells[1], word)
            checker.numbers(title, name, "called positive from", cells[1], values, constants=(2,))
            for column, shown_ in zip(table.columns[2:], cells[2:]):
                checker.cell(title, name, column, shown_, None)
            continue
        least, most = (100 * value if kind == "share" else value for value in found["rules"])
        if least == most == 1 and kind != "share":
            checker.text(title, name, "called positive from", cells[1], "any cell")
        else:
            checker.numbers(title, name, "called positive from", cells[1], [least, most] if " to " in cells[1] else [least])
        checker.cell(title, name, table.columns[2], cells[2], [found["positives"]])
        checker.cell(title, name, table.columns[3], cells[3], [found["negatives"]])
        for column, shown_, value in zip(table.columns[4:], cells[4:], found["rates"]):
            checker.cell(title, name, column, shown_, value and percent(value))
    checker.numbers(title, "caption", "", unescaped(texts[-1]), [report.confidence, 100 * report.options.prevalence], constants=(0.5,))


def predictive_values(checker, report, section):
    title, rows = section.title, []
    for one in all_shown(report):
        for _, words, point in of_configuration(report, one) or []:
            if point:
                values = predictive(point[2]["sensitivity"], point[2]["specificity"], report.options.prevalence)
                ppv, npv = (value and percent(value) for value in values)
                rows.append([("configuration", one.name), ("chosen on validation", words), ("PPV, %", ppv), ("NPV, %", npv)])
    tables = section.tables()
    checker.table(title, tables[0] if tables else None, rows, keys=2)
    if tables:
        checker.numbers(title, "caption", "", unescaped(section.texts()[-1]), [100 * report.options.prevalence, report.confidence])


def calibration(checker, report, section):
    title, rows, clipped = section.title, [], 0
    texts, interval = list(section.texts()), f"{report.percent} interval"
    for one in all_shown(report):
        tested = one.tested
        found = recalibration(tested.labels, tested.repeats, tested.units, report.options.level)
        if isinstance(found, str):
            text = texts.pop(0)
            if not unescaped(text).startswith(one.name) or found not in text:
                checker.mismatch(title, one.name, "", text, found)
            checker.compared[title] += 1
            continue
        intercept, slope, own = found
        clipped += own
        rows.append([("configuration", one.name), ("intercept", intercept[:1]), (interval, intercept[1:]), ("slope", slope[:1]), (interval, slope[1:])])
    tables = section.tables()
    checker.table(title, tables[0] if tables else None, rows)
    if tables:
        checker.numbers(title, "caption", "", unescaped(texts[-1]), [clipped] if clipped else [], constants=(0, 1))


def decision_curve(checker, report, section):
    title, texts = section.title, list(section.texts())
    rows, listed = [], (5, 10, 20, 50)
    per_thousand = lambda value: [1000 * value]
    treat_all = None
    for one in all_shown(report):
        tested = one.tested
        if len(set(tested.labels)) < 2:
            continue
        points = {percent_: net_benefit(tested.labels, tested.repeats, report.options.prevalence, percent_ / 100) for percent_ in range(1, 51)}
        worth = [percent_ for percent_, (model, all_) in points.items() if model > max(all_, 0.0) + 1e-9]
        ends = [worth[0], worth[-1]] if len(worth) > 1 else worth
        values = [1, 50] if len(worth) in (0, 50) else [len(worth), 50, 1, 50, *ends]
        text = unescaped(texts.pop(0))
        word = "at no threshold" if not worth else "at every threshold" if len(worth) == 50 else "all within"
        if one.name not in text or word not in text:
            checker.mismatch(title, one.name, "", text, word)
        checker.numbers(title, one.name, "sentence", without_names(text, report.names), values)
        rows.append([("configuration", one.name)] + [(f"threshold {at} %", per_thousand(points[at][0])) for at in listed])
        treat_all = treat_all or [("configuration", "treat all")] + [(f"threshold {at} %", per_thousand(points[at][1])) for at in listed]
    tables = section.tables()
    checker.table(title, tables[0] if tables else None, rows + ([treat_all] if treat_all else []))
    checker.numbers(title, "caption", "", unescaped(texts[0]), [1000, 100 * report.options.prevalence], constants=(0,))
