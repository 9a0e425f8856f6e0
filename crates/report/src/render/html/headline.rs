//! The first screen of the page: what was compared, what came out, how sure that is, and what to do next.

use maud::{Markup, PreEscaped, html};

use crate::analysis::Status;
use crate::charts::AnswerChart;
use crate::document::{Document, Headline};
use crate::render::theme::{Theme, themed};
use crate::words::key_figures::KeyFigure;
use crate::words::verdict::status_word;

/// The page's header.
pub(super) fn header(document: &Document) -> Markup {
    let Headline { context, answer, status, figures, care, next } = &document.headline;
    let (conformity, reasons) = &document.conformity;
    html! {
        header id="answer" {
            p.context { @for part in context { span { (part) } " " } }
            h1 { (answer) }
            div.state {
                strong.status.(status_class(*status)) { (status_word(*status)) }
                details.conformity { summary { (conformity) } p { (reasons) } }
            }
            div.first {
                @if let Some(chart) = document.sets.first().and_then(|set| set.chart.as_ref()) { (answer_chart(chart)) }
                @if !figures.is_empty() { (key_figures(figures)) }
                div.care {
                    @if !care.is_empty() {
                        h2 { "Read with care" }
                        ul { @for line in care { li { (with_code(line)) } } }
                    }
                    p.next { strong { "Next:" } " " (with_code(next)) }
                }
            }
        }
    }
}

/// A text in which backquotes mark code.
fn with_code(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// How a status is painted.
fn status_class(status: Status) -> &'static str {
    match status {
        Status::Synthetic | Status::NotConverged => "warned",
        Status::Conclusive => "shown",
        Status::Open => "open",
    }
}

/// The chart of differences, in the form that the screen has room for.
pub(super) fn answer_chart(AnswerChart { wide, narrow }: &AnswerChart) -> Markup {
    html! {
        figure.answer {
            p.chart-title { (wide.title) }
            div.wide { (PreEscaped(themed(wide, Theme::Page))) }
            div.narrow { (PreEscaped(themed(narrow, Theme::Page))) }
            figcaption { (wide.caption) }
        }
    }
}

fn key_figures(figures: &[KeyFigure]) -> Markup {
    html! {
        dl.key-figures {
            @for KeyFigure { name, value, detail } in figures {
                div { dt { (name) } dd { strong { (value) } @if !detail.is_empty() { small { (detail) } } } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture;
    use crate::render::render_html;

    #[test]
    fn the_answer_stands_before_everything_else() {
        let page = render_html(&fixture::ranks()).unwrap();
        let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}"));
        assert!(place("<h1>") < place("class=\"status open\""));
        assert!(place("class=\"status open\"") < place("figure class=\"answer\""));
        assert!(place("class=\"key-figures\"") < place("Read with care"));
        assert!(place("Next:") < place("<main"));
    }

    #[test]
    fn without_results_there_is_no_chart_and_no_figure() {
        let mut data = fixture::ranks();
        data.runs.clear();
        let page = render_html(&data).unwrap();
        let (_, body) = page.split_once("<body>").unwrap();
        let (header, _) = body.split_once("<main").unwrap();
        assert!(!header.contains("<svg") && !header.contains("key-figures"));
        assert!(header.contains("Next:"));
    }
}
