//! Markdown tables of figures, a row as each is known.

use crate::design::Design;
use crate::figures::{Figures, Power, Share};

/// A Markdown table's head and rows.
pub trait Table {
    /// The two lines above the rows.
    fn head() -> &'static str;
    /// The row.
    fn row(&self) -> String;
}

impl Table for Figures {
    fn head() -> &'static str {
        "| study | false differences | false “equivalent”, ±1 | ±3 | false “not worse”, 1 | 3 | any claim |\n\
         |---|---|---|---|---|---|---|"
    }

    fn row(&self) -> String {
        let [one, three] = &self.margins;
        let shares = [
            self.false_differences,
            one.false_equivalences,
            three.false_equivalences,
            one.false_noninferiorities,
            three.false_noninferiorities,
            self.any_claim,
        ];
        row(&self.design, &shares)
    }
}

impl Table for Power {
    fn head() -> &'static str {
        "| study | loss of 1.5 points found |\n|---|---|"
    }

    fn row(&self) -> String {
        row(&self.design, &[self.found])
    }
}

fn row(design: &Design, shares: &[Share]) -> String {
    let percent = |share: f64| format!("{:.1}", 100.0 * share);
    let cells: Vec<String> =
        shares.iter().map(|share| format!("{} → {}", percent(share.before), percent(share.after))).collect();
    format!("| {design} | {} |", cells.join(" | "))
}
