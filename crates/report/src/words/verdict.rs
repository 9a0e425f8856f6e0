//! Verdicts and states in a word or two.

use ranklab_stats::{Scope, Verdict};

use crate::analysis::{Analysis, Pair, Status};

/// How a verdict is painted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As good, or better.
    Good,
    /// Worse.
    Bad,
    /// Not shown.
    Open,
}

/// A verdict on a difference.
pub(crate) fn word(verdict: Verdict, difference: f64) -> &'static str {
    match verdict {
        Verdict::Equivalent => "equivalent",
        Verdict::EquivalentYetDifferent if difference > 0.0 => "equivalent, better",
        Verdict::EquivalentYetDifferent => "equivalent, worse",
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::Inconclusive => "inconclusive",
    }
}

/// Whether all runs of both configurations converged.
pub(crate) fn have_converged(analysis: &Analysis, pair: &Pair) -> bool {
    [pair.first, pair.second].iter().all(|id| analysis.configurations[*id].not_converged.is_empty())
}

/// What a comparison shows, for the first screen and the matrix, and how it is painted.
pub(crate) fn verdict(analysis: &Analysis, pair: &Pair) -> (String, Tone) {
    if !have_converged(analysis, pair) {
        return ("not converged".to_owned(), Tone::Open);
    }
    let word = word(pair.verdict, pair.difference.difference);
    let (word, tone) = match pair.verdict {
        Verdict::Worse => (word, Tone::Bad),
        Verdict::Inconclusive if pair.noninferiority.noninferior => ("not inferior", Tone::Good),
        Verdict::Inconclusive => (word, Tone::Open),
        Verdict::Better | Verdict::Equivalent | Verdict::EquivalentYetDifferent => (word, Tone::Good),
    };
    match pair.difference.scope {
        Scope::Networks if tone != Tone::Open => (format!("{word}, these networks"), Tone::Open),
        _ => (word.to_owned(), tone),
    }
}

/// What a reader may do with a report.
pub(crate) fn status_word(status: Status) -> &'static str {
    match status {
        Status::Synthetic => "SYNTHETIC",
        Status::NotConverged => "NOT CONVERGED",
        Status::Conclusive => "CONCLUSIVE",
        Status::Open => "OPEN",
    }
}
