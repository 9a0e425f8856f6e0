//! A description of the database for Datasette: titles, descriptions of tables and columns, queries, labels and facets.
//!
//! Datasette 0.65 takes the file as `--metadata`; Datasette 1.0 takes queries from `--config`, for which the same file
//! serves. <https://docs.datasette.io/en/stable/metadata.html>

mod presentation;
mod yaml;

use std::path::Path;

use ranklab_files::{obstacle, replace};
use ranklab_store::catalog::{CatalogQuery, QUERIES, Relation, relations};

use crate::error::{Error, Result};
use crate::foreign::check_text;

use self::presentation::presentation;
use self::yaml::Yaml;

/// Writes the description of the database in the file `database` to `target`, which is replaced as a whole.
///
/// # Errors
/// When the file cannot be written, and when something that no export wrote is in the way.
pub fn export(database: &Path, target: &Path) -> Result<()> {
    if let Some(is) = obstacle(target) {
        return Err(Error::InTheWay { path: target.to_owned(), is });
    }
    let text = describe(database);
    check_text(target, text.split_inclusive('\n').next().unwrap_or_default())?;
    replace(target, text.as_bytes()).map_err(Error::unwritten(target))
}

/// The description as YAML. Datasette knows a database by its file's name without the ending.
pub fn describe(database: &Path) -> String {
    let name = database.file_stem().unwrap_or_default().to_string_lossy();
    let tables = Yaml::map(relations().map(|relation| (relation.name, table(relation))));
    let queries = Yaml::map(QUERIES.iter().map(|listed| (listed.name, query(listed))));
    let described = Yaml::map([
        ("description", Yaml::text("All that sweeps planned, measured and predicted.")),
        ("tables", tables),
        ("queries", queries),
    ]);
    let document = Yaml::map([
        ("title", Yaml::text("ranklab runs")),
        ("description", Yaml::text("Low-rank adapters compared with classical fine-tuning.")),
        ("databases", Yaml::map([(name.as_ref(), described)])),
    ]);
    document.to_string()
}

fn table(relation: &Relation) -> Yaml {
    let shown = presentation(relation.name);
    let columns = relation.columns().map(|column| (column.name, Yaml::text(column.description)));
    let mut fields = vec![("description", Yaml::text(relation.description)), ("columns", Yaml::map(columns))];
    if let Some(label) = shown.label {
        fields.push(("label_column", Yaml::text(label)));
    }
    if let Some(order) = shown.newest_first {
        fields.push(("sort_desc", Yaml::text(order)));
    }
    if !shown.facets.is_empty() {
        fields.push(("facets", Yaml::List(shown.facets.iter().map(|facet| Yaml::text(facet)).collect())));
    }
    Yaml::map(fields)
}

fn query(query: &CatalogQuery) -> Yaml {
    let mut fields = vec![("title", Yaml::text(query.title)), ("sql", Yaml::text(query.sql))];
    if !query.parameters.is_empty() {
        let names = query.parameters.iter().map(|(name, _)| Yaml::text(name));
        fields.push(("params", Yaml::List(names.collect())));
    }
    Yaml::map(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_somebody_is_refused_and_an_earlier_description_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("datasette.yaml");
        std::fs::write(&target, "title: mine\n").unwrap();
        let refused = export(Path::new("ranklab.db"), &target).unwrap_err().to_string();
        assert!(refused.contains("datasette.yaml, which no export wrote; choose another path"), "{refused}");
        assert_eq!(std::fs::read(&target).unwrap(), b"title: mine\n");
        std::fs::write(&target, "").unwrap();
        for database in ["ranklab.db", "other.db"] {
            export(Path::new(database), &target).unwrap();
        }
        assert!(std::fs::read_to_string(&target).unwrap().contains("\"other\""));
    }

    #[test]
    fn every_table_view_column_and_query_stands_in_the_description() {
        let text = describe(Path::new("runs/ranklab.db"));
        assert!(text.contains("\n  \"ranklab\":\n"), "{text}");
        for relation in relations() {
            assert!(text.contains(&format!("\n      \"{}\":\n", relation.name)), "{}", relation.name);
            for column in relation.columns() {
                let line = format!("\n          \"{}\": \"", column.name);
                assert!(text.contains(&line), "{}.{}", relation.name, column.name);
            }
        }
        for query in QUERIES {
            assert!(text.contains(&format!("\n      \"{}\":\n", query.name)), "{}", query.name);
        }
    }

    #[test]
    fn facets_labels_and_orders_are_columns() {
        for relation in relations() {
            let shown = presentation(relation.name);
            let names = shown.facets.iter().chain(&shown.label).chain(&shown.newest_first);
            for name in names {
                assert!(relation.column_names().any(|column| column == *name), "{}.{name}", relation.name);
            }
        }
    }

    #[test]
    fn a_folder_in_the_way_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = export(Path::new("ranklab.db"), folder.path()).unwrap_err().to_string();
        assert!(error.contains("there is a folder of that name; choose another path"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_way_is_named_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("mine"), folder.path().join("link.yaml"));
        std::fs::write(&file, "mine").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let error = export(Path::new("ranklab.db"), &link).unwrap_err().to_string();
        assert!(error.contains("there is a link of that name; choose another path"), "{error}");
        assert!(link.is_symlink() && std::fs::read(&file).unwrap() == b"mine");
    }
}
