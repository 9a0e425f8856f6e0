//! Facts in the page.

use maud::{Markup, html};

use crate::words::table::Fact;

/// Names with their values.
pub(super) fn facts(facts: &[Fact]) -> Markup {
    html! {
        dl.facts {
            @for fact in facts {
                div {
                    dt { (fact.name) }
                    @for value in &fact.values {
                        dd { @if fact.is_code { code { (value) } } @else { (value) } }
                    }
                }
            }
        }
    }
}
