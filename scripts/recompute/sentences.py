"""Sentences on comparisons and on series of ranks and layers, recomputed and compared."""

from .convergence import caveat
from .ranges import range_of, scaled
from .shown import unescaped, without_names


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
