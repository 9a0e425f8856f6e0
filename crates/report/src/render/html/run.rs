//! Runs in detail in the page.

use maud::{Markup, html};
use ranklab_settings::Nouns;
use ranklab_stats::ConfusionMatrix;

use crate::analysis::ClassNames;
use crate::document::RunSection;
use crate::words::format::{percent, thousands};

use super::chart::chart;
use super::facts::facts;
use super::table::scrolling;

/// A run under its summary.
pub(super) fn details(
    RunSection { words: run, figures }: &RunSection,
    classes: &ClassNames,
    nouns: &Nouns,
) -> Markup {
    html! {
        details.run id={ "run-" (run.id) } {
            summary {
                span.run-number { "Run " (run.id) } " "
                span.run-name { (run.name) } " "
                @if run.is_synthetic { span.tag { "SYNTHETIC" } " " }
                @if !run.warnings.is_empty() { span.tag { "NOT CONVERGED" } " " }
                span.run-accuracy { (run.accuracy) }
            }
            div.run-body {
                @for warning in &run.warnings {
                    p.banner role="note" { strong { "NOT CONVERGED" } " " (warning) "." }
                }
                h3 { "Classification report" }
                (scrolling(&run.report, &format!("Classification report of run {}", run.id), false))
                div.columns {
                    div { h3 { "Confusion matrix" } (confusion(run.id, &run.matrix, classes, nouns)) }
                    div { h3 { "Facts" } (facts(&run.facts)) }
                }
                @if !figures.is_empty() {
                    div.figures { @for figure in figures { (chart(figure)) } }
                }
                details.config {
                    summary { "Configuration" }
                    pre.scroll tabindex="0" { code { (run.config) } }
                }
            }
        }
    }
}

fn confusion(run: i64, matrix: &ConfusionMatrix, classes: &ClassNames, nouns: &Nouns) -> Markup {
    let rows = [
        (&classes.negative, matrix.true_negatives, matrix.false_positives, matrix.negatives()),
        (&classes.positive, matrix.false_negatives, matrix.true_positives, matrix.positives()),
    ];
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Confusion matrix of run " (run) } {
            table.confusion {
                thead {
                    tr { td {} th scope="colgroup" colspan="2" { "called" } }
                    tr { th scope="col" { "truly" } th scope="col" { (classes.negative_word()) } th scope="col" { (classes.positive_word()) } }
                }
                tbody {
                    @for (name, negative, positive, all) in rows {
                        tr { th scope="row" { (name) } (count(negative, all)) (count(positive, all)) }
                    }
                }
            }
        }
        p.caption { (nouns.image.capitals()) "; shares are of a row. " (classes.positive) " from probability 0.5." }
    }
}

/// A count with its share of the row, shaded by it.
fn count(count: u64, all: u64) -> Markup {
    let share = if all == 0 { 0.0 } else { count as f64 / all as f64 };
    html! {
        td style={ "--share:" (format!("{share:.3}")) } {
            span.count { (thousands(i64::try_from(count).unwrap_or(i64::MAX))) }
            span.share { (percent(share)) " %" }
        }
    }
}
