//! The report as one self-contained HTML page: no script, no font and no image from elsewhere. Its one
//! script sorts and filters tables; without it they stand as they are.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use ranklab_stats::ConfusionMatrix;

use crate::charts::{Theme, themed};
use crate::data::ReportData;
use crate::document::{Document, PairsSection, document};
use crate::error::Result;
use crate::escape::visible;
use crate::format::{self, percent, thousands};
use crate::gallery_page;
use crate::run_section::RunSection;
use crate::table::{Cell, Fact, Figure, Table};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("table.js");

/// Runs whose details are open at first; of more all are folded.
const OPEN_RUNS: usize = 3;
/// Comparisons in words that are open at first.
const OPEN_SENTENCES: usize = 8;

/// Renders the page. The same rows give the same bytes.
///
/// # Errors
/// When the runs cannot be grouped or a chart cannot be drawn.
pub fn render_html(data: &ReportData) -> Result<String> {
    Ok(render(&document(data)?))
}

/// The page of a document, in which every character is seen.
pub(crate) fn render(document: &Document) -> String {
    visible(&page(document).into_string())
}

fn page(document: &Document) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (document.title) " · ranklab" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p.kicker { "ranklab report" }
                    h1 { (document.title) }
                    @for (word, sentence) in &document.banners {
                        p.banner role="note" { strong { (word) } " " (sentence) }
                    }
                }
                main {
                    section.findings aria-labelledby="in-short" {
                        h2 id="in-short" { "In short" }
                        @for (place, finding) in document.findings.iter().enumerate() {
                            p.lead[place == 0] { (finding) }
                        }
                    }
                    (contents(document))
                    section aria-labelledby="what-was-run" {
                        h2 id="what-was-run" { "What was run" }
                        (facts(&document.facts))
                    }
                    @if let Some(table) = &document.comparison {
                        section aria-labelledby="comparison" {
                            h2 id="comparison" { "Comparison" }
                            (data_table(table))
                        }
                    }
                    @if let Some(pairs) = &document.pairs { (comparisons(pairs)) }
                    @if let Some(splits) = &document.splits {
                        section aria-labelledby="splits" {
                            h2 id="splits" { "Random against patient split" }
                            ul.sentences { @for sentence in &splits.sentences { li { (sentence) } } }
                            (data_table(&splits.table))
                        }
                    }
                    @if let Some(table) = &document.operating_points {
                        section aria-labelledby="operating-points" {
                            h2 id="operating-points" { "Operating points" }
                            (data_table(table))
                        }
                    }
                    @if !document.figures.is_empty() {
                        section aria-labelledby="charts" {
                            h2 id="charts" { "Charts" }
                            @if let Some(note) = &document.figures_note { p { (note) } }
                            div.figures { @for figure in &document.figures { (chart(figure)) } }
                        }
                    }
                    @if let Some(galleries) = &document.galleries { (gallery_page::section(galleries)) }
                    @if let Some(table) = &document.all_runs {
                        section aria-labelledby="all-runs" {
                            h2 id="all-runs" { "All runs" }
                            (data_table(table))
                        }
                    }
                    @if !document.runs.is_empty() {
                        section aria-labelledby="runs" {
                            h2 id="runs" { "Runs in detail" }
                            @for run in &document.runs { (details(run, document.runs.len() <= OPEN_RUNS)) }
                        }
                    }
                    @if let Some(table) = &document.unfinished {
                        section aria-labelledby="without-a-result" {
                            h2 id="without-a-result" { "Without a result" }
                            (data_table(table))
                        }
                    }
                }
                footer { p { "Made by ranklab from its runs database; the same rows give the same page." } }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

fn contents(document: &Document) -> Markup {
    html! {
        nav aria-label="Contents" {
            ul {
                li { a href="#what-was-run" { "What was run" } }
                @if document.comparison.is_some() { li { a href="#comparison" { "Comparison" } } }
                @if document.pairs.is_some() { li { a href="#pairs" { "Against each other" } } }
                @if document.splits.is_some() { li { a href="#splits" { "Random against patient split" } } }
                @if document.operating_points.is_some() { li { a href="#operating-points" { "Operating points" } } }
                @if !document.figures.is_empty() { li { a href="#charts" { "Charts" } } }
                @if document.galleries.is_some() { li { a href="#cells" { "Cells to look at" } } }
                @if document.all_runs.is_some() { li { a href="#all-runs" { "All runs" } } }
                @if !document.runs.is_empty() {
                    li {
                        a href="#runs" { "Runs in detail" }
                        ul { @for run in &document.runs { li { a href={ "#run-" (run.id) } { "Run " (run.id) } } } }
                    }
                }
                @if document.unfinished.is_some() { li { a href="#without-a-result" { "Without a result" } } }
            }
        }
    }
}

fn comparisons(pairs: &PairsSection) -> Markup {
    let (first, rest) = pairs.sentences.split_at(pairs.sentences.len().min(OPEN_SENTENCES));
    html! {
        section aria-labelledby="pairs" {
            h2 id="pairs" { "Against each other" }
            @if !first.is_empty() { ul.sentences { @for sentence in first { li { (sentence) } } } }
            @if !rest.is_empty() {
                details.sentences {
                    summary { (format::count(rest.len(), "more comparison")) }
                    ul { @for sentence in rest { li { (sentence) } } }
                }
            }
            @for sentence in pairs.series.iter().chain(&pairs.not_compared) { p { (sentence) } }
            @for table in pairs.table.iter().chain(&pairs.other_measures) { (data_table(table)) }
        }
    }
}

fn facts(facts: &[Fact]) -> Markup {
    html! {
        dl.facts {
            @for fact in facts {
                div {
                    dt { (fact.name) }
                    @for value in &fact.values {
                        dd { @if fact.name == "Command" { code { (value) } } @else { (value) } }
                    }
                }
            }
        }
    }
}

/// A table that the page's script lets sort and filter.
pub(crate) fn data_table(table: &Table) -> Markup {
    scrolling(table, &table.caption, table.rows.len() > 1)
}

/// A table that scrolls by itself where the screen is narrow, under a name that no other has.
fn scrolling(table: &Table, name: &str, sortable: bool) -> Markup {
    html! {
        div.scroll role="region" tabindex="0" aria-label=(name) {
            table.sortable[sortable] {
                thead { (headings(table)) }
                tbody {
                    @for row in &table.rows {
                        tr {
                            @for (place, (cell, column)) in row.iter().zip(&table.columns).enumerate() {
                                @if place == 0 {
                                    th scope="row" { (content(cell)) }
                                } @else {
                                    td.number[column.numeric] data-order=[cell.order] { (content(cell)) }
                                }
                            }
                        }
                    }
                }
            }
        }
        p.caption { (table.caption) }
    }
}

fn headings(table: &Table) -> Markup {
    let mut groups: Vec<(Option<&str>, usize)> = Vec::new();
    for column in &table.columns {
        match groups.last_mut() {
            Some((group, width)) if *group == column.group.as_deref() => *width += 1,
            _ => groups.push((column.group.as_deref(), 1)),
        }
    }
    html! {
        @if groups.iter().any(|(group, _)| group.is_some()) {
            tr.groups {
                @for (group, width) in &groups {
                    @if let Some(group) = group { th scope="colgroup" colspan=(width) { (group) } }
                    @else { td colspan=(width) {} }
                }
            }
        }
        tr { @for column in &table.columns { th.number[column.numeric] scope="col" { (column.title) } } }
    }
}

fn content(cell: &Cell) -> Markup {
    html! {
        @if cell.best {
            strong.best { span aria-hidden="true" { "★ " } (cell.text) span.hidden { " (best)" } }
        } @else { (cell.text) }
    }
}

fn chart(figure: &Figure) -> Markup {
    let drawing = themed(&figure.drawing, &figure.title, &figure.description, Theme::Page);
    html! {
        figure {
            h3 { (figure.title) }
            (PreEscaped(drawing))
            figcaption { (figure.caption) }
        }
    }
}

fn details(run: &RunSection, open: bool) -> Markup {
    html! {
        details.run id={ "run-" (run.id) } open[open] {
            summary {
                span.run-number { "Run " (run.id) } " "
                span.run-name { (run.name) } " "
                @if run.synthetic { span.tag { "SYNTHETIC" } " " }
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
                    div { h3 { "Confusion matrix" } (confusion(run.id, &run.matrix)) }
                    div { h3 { "Facts" } (facts(&run.facts)) }
                }
                @if !run.figures.is_empty() {
                    div.figures { @for figure in &run.figures { (chart(figure)) } }
                }
                details.config {
                    summary { "Configuration" }
                    pre.scroll tabindex="0" { code { (run.config) } }
                }
            }
        }
    }
}

fn confusion(run: i64, matrix: &ConfusionMatrix) -> Markup {
    let rows = [
        ("Uninfected", matrix.true_negatives, matrix.false_positives, matrix.negatives()),
        ("Parasitized", matrix.false_negatives, matrix.true_positives, matrix.positives()),
    ];
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Confusion matrix of run " (run) } {
            table.confusion {
                thead {
                    tr { td {} th scope="colgroup" colspan="2" { "called" } }
                    tr { th scope="col" { "truly" } th scope="col" { "uninfected" } th scope="col" { "parasitized" } }
                }
                tbody {
                    @for (name, uninfected, parasitized, all) in rows {
                        tr { th scope="row" { (name) } (count(uninfected, all)) (count(parasitized, all)) }
                    }
                }
            }
        }
        p.caption { "Cells; shares are of a row. Parasitized from probability 0.5." }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn the_same_rows_give_the_same_bytes() {
        assert_eq!(render_html(&fixture::ranks()).unwrap(), render_html(&fixture::ranks()).unwrap());
        assert_eq!(render_html(&fixture::seeds()).unwrap(), render_html(&fixture::seeds()).unwrap());
    }

    #[test]
    fn the_page_needs_nothing_from_elsewhere() {
        let page = render_html(&fixture::ranks()).unwrap();
        for outside in ["http:", "https:", "<script src", "fetch(", "<link", "<img", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert_eq!(page.matches("<svg").count(), page.matches("role=\"img\"").count());
    }

    #[test]
    fn markup_in_names_stays_text() {
        let page = render_html(&fixture::hostile()).unwrap();
        assert_eq!(page.matches("<script").count(), 1, "the page's own");
        assert_eq!((page.matches("</script>").count(), page.matches("</style>").count()), (1, 1));
        assert!(!page.contains("<img"));
        assert!(page.contains("&lt;script&gt;"));
    }

    #[test]
    fn tables_are_whole_without_the_script_and_tell_it_what_to_sort_by() {
        let page = render_html(&fixture::ranks()).unwrap();
        let (_, body) = page.split_once("<body>").unwrap();
        let (before, _) = body.split_once("<script>").unwrap();
        assert!(before.contains("<table class=\"sortable\">") && !before.contains("<button"));
        // Training times sort by seconds, whatever their words.
        assert!(before.contains(r#"data-order="81">"#) && before.contains("1 min 21 s"));
        assert!(!before.contains("aria-sort"));
    }

    #[test]
    fn every_link_of_the_contents_leads_somewhere() {
        let page = render_html(&fixture::ranks()).unwrap();
        let targets: Vec<&str> =
            page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(targets.len() >= 8);
        for target in targets {
            assert_eq!(page.matches(&format!(" id=\"{target}\"")).count(), 1, "{target}");
        }
    }

    #[test]
    fn generated_images_are_announced_before_anything_else() {
        let mut data = fixture::ranks();
        assert!(!render_html(&data).unwrap().contains("SYNTHETIC"));
        data.runs[0].row.start.synthetic = true;
        let page = render_html(&data).unwrap();
        assert!(page.find("SYNTHETIC").unwrap() < page.find("In short").unwrap());
    }

    #[test]
    fn the_best_value_is_marked_by_more_than_colour() {
        let page = render_html(&fixture::ranks()).unwrap();
        assert!(page.contains(r#"<strong class="best"><span aria-hidden="true">★ </span>98.00"#));
    }
}
