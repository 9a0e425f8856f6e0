//! Simulated studies with a known truth: how often a report's comparisons claim what is not so, and how often they
//! find what is.
//!
//! [`Design`] says how large a study is and how noisy. [`Study::new`] draws one for a [`Truth`], the losses of its
//! configurations. [`current`] makes the comparisons of a report and returns their [`Claim`]s; [`previous`] makes those
//! of an earlier version. [`Figures::new`] counts false claims over many studies, and [`power`] true ones.

mod cells;
mod claims;
mod current;
mod design;
mod error;
mod figures;
mod previous;
mod sizes;
mod study;
mod table;

pub use cells::{corners, grid, power_designs};
pub use claims::{ALPHA, Claim, Side};
pub use current::current;
pub use design::Design;
pub use error::{Error, Result};
pub use figures::{Figures, LOSS, MARGINS, Margins, Power, Share, power};
pub use previous::previous;
pub use sizes::Sizes;
pub use study::{Study, Truth};
pub use table::Table;
