//! A column of a table or view, and the type of its values.

/// A column of a table or view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatalogColumn {
    /// Its name.
    pub name: &'static str,
    /// The type of its values; each may be NULL.
    pub kind: ColumnKind,
    /// What its values are.
    pub description: &'static str,
}

/// The type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Whole numbers.
    Integer,
    /// Real numbers.
    Real,
    /// Text.
    Text,
    /// Whether something holds; the database has 1 and 0.
    Boolean,
}

/// A column of whole numbers.
pub(super) const fn integer(name: &'static str, description: &'static str) -> CatalogColumn {
    CatalogColumn { name, kind: ColumnKind::Integer, description }
}

/// A column of real numbers.
pub(super) const fn real(name: &'static str, description: &'static str) -> CatalogColumn {
    CatalogColumn { name, kind: ColumnKind::Real, description }
}

/// A column of text.
pub(super) const fn text(name: &'static str, description: &'static str) -> CatalogColumn {
    CatalogColumn { name, kind: ColumnKind::Text, description }
}

/// A column that says whether something holds.
pub(super) const fn boolean(name: &'static str, description: &'static str) -> CatalogColumn {
    CatalogColumn { name, kind: ColumnKind::Boolean, description }
}
