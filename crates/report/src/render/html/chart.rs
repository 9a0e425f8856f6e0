//! Charts in the page.

use maud::{Markup, PreEscaped, html};

use crate::charts::Figure;
use crate::render::theme::{Theme, themed};

/// A chart under its heading.
pub(super) fn chart(figure: &Figure) -> Markup {
    let drawing = themed(figure, Theme::Page);
    html! {
        figure {
            h3 { (figure.title) }
            (PreEscaped(drawing))
            figcaption { (figure.caption) }
        }
    }
}
