//! The matrix of verdicts in the page.

use maud::{Markup, html};

use crate::words::verdict::Tone;
use crate::words::verdicts::{VerdictCell, VerdictMatrix};

/// The matrix; each cell unfolds to its sentence.
pub(super) fn verdicts(matrix: &VerdictMatrix, name: &str) -> Markup {
    html! {
        div.scroll role="region" tabindex="0" aria-label=(name) {
            table.verdicts {
                thead { tr { th scope="col" { "configuration" } @for column in &matrix.columns { th scope="col" { (column) } } } }
                tbody {
                    @for (name, cells) in &matrix.rows {
                        tr {
                            th scope="row" { (name) }
                            @for cell in cells { td { @if let Some(cell) = cell { (verdict(cell)) } @else { "—" } } }
                        }
                    }
                }
            }
        }
        p.caption { "Differences in points of accuracy. Each cell unfolds to its sentence." }
        @for note in &matrix.notes { p { (note) } }
    }
}

fn verdict(cell: &VerdictCell) -> Markup {
    let class = match cell.tone {
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Open => "open",
    };
    html! {
        details {
            summary { span.verdict.(class) { (cell.word) } " " (cell.difference) }
            p { (cell.sentence) }
        }
    }
}
