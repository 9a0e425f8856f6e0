//! The configurations of one set of test cells in the page.

use maud::{Markup, html};

use crate::charts::{Figure, SetFigures};
use crate::document::{Document, PairsSection, SetSection};
use crate::words::format::count;

use super::chart::chart;
use super::headline::answer_chart;
use super::table::data_table;
use super::verdicts::verdicts;

/// Sections of a set with their ids and headings.
const CONFIGURATIONS: (&str, &str) = ("configurations", "Configurations");
const DIFFERENCES: (&str, &str) = ("differences", "Differences");
const RANKS: (&str, &str) = ("ranks", "Ranks, layers and cost");
const PATIENTS: &str = "patients";
const PROBABILITIES: (&str, &str) = ("probabilities", "Probabilities");

/// The sets: one as it is, several as panels of which the first is open.
pub(super) fn sets(document: &Document) -> Markup {
    html! {
        @for (place, set) in document.sets.iter().enumerate() {
            @match &set.name {
                None => { (sections(document, set, place)) }
                Some(name) => {
                    details.set open[place == 0] {
                        summary id={ "set-" (place + 1) } { "Test set " (place + 1) ": " (name) }
                        @if place > 0 { @if let Some(chart) = &set.chart { (answer_chart(chart)) } }
                        (sections(document, set, place))
                    }
                }
            }
        }
    }
}

/// Links to the sections of the first set, and to the others.
pub(super) fn links(document: &Document) -> Vec<(String, String)> {
    let Some(first) = document.sets.first() else { return Vec::new() };
    let has =
        |of: fn(&SetFigures) -> &Vec<Figure>| first.figures.as_ref().is_some_and(|all| !of(all).is_empty());
    let by_group = errors_by_group(document);
    let there = [
        (CONFIGURATIONS, true),
        (DIFFERENCES, first.verdicts.is_some() || document.pairs.is_some()),
        (RANKS, has(|all| &all.settings)),
        ((PATIENTS, by_group.as_str()), has(|all| &all.patients)),
        (PROBABILITIES, has(|all| &all.probabilities)),
    ];
    let own = there
        .into_iter()
        .filter(|(_, there)| *there)
        .map(|((id, title), _)| (id.to_owned(), title.to_owned()));
    let others = (1..document.sets.len())
        .map(|place| (format!("set-{}", place + 1), format!("Test set {}", place + 1)));
    own.chain(others).collect()
}

fn sections(document: &Document, set: &SetSection, place: usize) -> Markup {
    let first = place == 0;
    let pairs = document.pairs.as_ref().filter(|_| first);
    let series: &[String] = pairs.map_or(&[], |pairs| pairs.series.as_slice());
    let none = Vec::new();
    let by_group = errors_by_group(document);
    let of = |which: fn(&SetFigures) -> &Vec<Figure>| set.figures.as_ref().map_or(&none, which);
    html! {
        (section(CONFIGURATIONS, place, &html! {
            (data_table(&set.table))
            @if let Some(all) = document.comparison.as_ref().filter(|_| first) {
                details.more { summary { "More columns" } (data_table(all)) }
            }
        }))
        @if set.verdicts.is_some() || pairs.is_some() {
            (section(DIFFERENCES, place, &html! {
                @if let Some(matrix) = &set.verdicts { (verdicts(matrix, &format!("Verdicts of test set {}", place + 1))) }
                @if let Some(pairs) = pairs { (comparisons(pairs)) }
                @if !of(|all| &all.differences).is_empty() {
                    details.more { summary { "All comparisons as a chart" } (charts(of(|all| &all.differences))) }
                }
            }))
        }
        @if !of(|all| &all.settings).is_empty() || !series.is_empty() {
            (section(RANKS, place, &html! {
                @for sentence in series { p { (sentence) } }
                (charts(of(|all| &all.settings)))
            }))
        }
        @for (heading, figures) in [((PATIENTS, by_group.as_str()), of(|all| &all.patients)), (PROBABILITIES, of(|all| &all.probabilities))] {
            @if !figures.is_empty() { (section(heading, place, &charts(figures))) }
        }
    }
}

/// Heading of the errors by group.
fn errors_by_group(document: &Document) -> String {
    format!("Errors by {}", document.nouns.group.one)
}

fn section((id, title): (&str, &str), place: usize, content: &Markup) -> Markup {
    let id = if place == 0 { id.to_owned() } else { format!("{id}-{}", place + 1) };
    html! { section aria-labelledby=(id) { h2 id=(id) { (title) } (content) } }
}

fn charts(figures: &[Figure]) -> Markup {
    html! { div.figures { @for figure in figures { (chart(figure)) } } }
}

fn comparisons(pairs: &PairsSection) -> Markup {
    html! {
        @for sentence in &pairs.not_compared { p { (sentence) } }
        @if let Some(table) = &pairs.table {
            details.more {
                summary { "All comparisons in numbers" }
                @for table in std::iter::once(table).chain(&pairs.other_measures) { (data_table(table)) }
            }
        }
        @if !pairs.sentences.is_empty() {
            details.more {
                summary { (count(pairs.sentences.len(), "comparison")) " in words" }
                ul.sentences { @for sentence in &pairs.sentences { li { (sentence) } } }
            }
        }
    }
}
