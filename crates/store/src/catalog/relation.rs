//! A table or view of the database with its columns.

use super::column::CatalogColumn;
use super::columns::shared;

/// A table or view.
#[derive(Clone, Copy, Debug)]
pub struct Relation {
    /// Its name.
    pub name: &'static str,
    /// Whether it is a table or a view.
    pub kind: RelationKind,
    /// What a row of it is.
    pub description: &'static str,
    /// Names of its columns in their order, separated by white space.
    pub(super) names: &'static str,
    /// Columns that mean something else here than elsewhere.
    pub(super) own: &'static [CatalogColumn],
}

/// Tables hold rows; views compute them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationKind {
    /// Rows that are recorded.
    Table,
    /// Rows that are computed from tables.
    View,
}

impl Relation {
    /// Its columns in their order.
    pub fn columns(&self) -> impl Iterator<Item = CatalogColumn> {
        let own = self.own;
        self.column_names()
            .filter_map(move |name| own.iter().find(|column| column.name == name).or_else(|| shared(name)))
            .copied()
    }

    /// Names of its columns in their order.
    pub fn column_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.names.split_whitespace()
    }
}
