"""The findings at the top of a report."""

import math

from .comparing import power
from .sentences import (
    accuracy_values, cells_values, check_pair_sentence, check_series, series_sentences, told, without_caveat,
)


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
        more = [shown["needed"], *margin] if shown["needed"] else [200, *margin] if margin else []
        # A loss or a margin of all points is none that could be found.
        loss = [shown["loss"] * 100] if shown["loss"] < 1 else []
        within = [shown["margin"] * 100] if shown["margin"] < 1 else []
        words = ["no true loss, however large"] * (not loss) + ["within no margin"] * (not within)
        tell("power", [shown["seeds"], *several, *loss, 80, *within, 80, *more], words)
    paths = sorted({path for one in found for path in one.tuned})
    if not paths and len(found) > 1:
        rates = {one.first["learning_rate"] for one in found}
        tell("learning rate", list(rates) if len(rates) == 1 else [len(rates)], ["one learning rate"] if len(rates) == 1 else [])
    for path in paths:
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


def caution(report):
    options, found = report.options, report.configurations
    cells = sorted({one.members[0].cells for one in report.sets if one.members[0].cells > 0})
    values = [100 / cells[-1]] + ([100 / cells[0]] if len(cells) > 1 else [])
    concentrations = [(pair.difference.effective, pair.units) for pair in report.pairs]
    if concentrations:
        effective, count = min(concentrations, key=lambda one: one[0])
        family = [pair.family for pair in report.all_pairs]
        level = options.alpha / (family.count("primary") or family.count("secondary"))
        needed = math.floor(math.log(level) / math.log(1 - options.margin)) + 1
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
