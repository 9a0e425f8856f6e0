//! Descriptions of the database's tables, views, columns and queries, for exports. docs/database.md lists the same names;
//! a test holds both to the database.

mod column;
mod columns;
mod queries;
mod relation;
mod tables;
mod views;

pub use column::{CatalogColumn, ColumnKind};
pub use queries::{CatalogQuery, QUERIES};
pub use relation::{Relation, RelationKind};

/// All tables, then all views, as the documentation lists them.
pub fn relations() -> impl Iterator<Item = &'static Relation> {
    tables::TABLES.iter().chain(&views::VIEWS)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_listed_column_is_described_once() {
        for relation in relations() {
            let described: Vec<&str> = relation.columns().map(|column| column.name).collect();
            assert_eq!(described, relation.column_names().collect::<Vec<_>>(), "{}", relation.name);
            let names: BTreeSet<&str> = described.iter().copied().collect();
            assert_eq!(names.len(), described.len(), "{}", relation.name);
            for own in relation.own {
                assert!(names.contains(own.name), "{} has no column {}", relation.name, own.name);
            }
        }
        let names: BTreeSet<&str> = relations().map(|relation| relation.name).collect();
        assert_eq!(names.len(), relations().count());
    }

    #[test]
    fn every_shared_column_is_used() {
        let used: BTreeSet<&str> = relations().flat_map(Relation::column_names).collect();
        for column in columns::COLUMNS {
            assert!(used.contains(column.name), "{} is in no table and no view", column.name);
        }
    }

    #[test]
    fn names_of_queries_differ_and_each_parameter_stands_in_its_statement() {
        let names: BTreeSet<&str> = QUERIES.iter().map(|query| query.name).collect();
        assert_eq!(names.len(), QUERIES.len());
        for query in QUERIES {
            for (parameter, _) in query.parameters {
                assert!(query.sql.contains(&format!(":{parameter}")), "{}: {parameter}", query.name);
            }
            let first = query.parameters.is_empty();
            assert_eq!(query.sql.contains(':'), !first, "{}", query.name);
        }
    }
}
