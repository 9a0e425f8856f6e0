//! A table as dataset: one row for each image, with its path, label, group and part.

use std::{
    collections::HashMap,
    path::{Component, Path, PathBuf},
};

use ranklab_settings::{Class, ClassScheme};

use crate::{
    Error,
    class_names::ClassNames,
    image_file::ImageFile,
    naming::parts,
    part::Part,
    passed_over::{PassedOver, PassedOverReason},
    progress::Progress,
    table_columns::TableColumns,
};

/// The images of a table.
#[derive(Debug, Default)]
pub(crate) struct TableImages {
    /// The images, sorted by name.
    pub(crate) files: Vec<ImageFile>,
    /// The path of each image file by its path in the table.
    pub(crate) locations: HashMap<String, PathBuf>,
    /// Rows that repeat an earlier row.
    pub(crate) passed_over: PassedOver,
    /// Words of the column `split` that name no part, in one line; `None` where each does.
    pub(crate) split_notice: Option<String>,
}

/// Reads a table and finds its images. Paths are relative to the table's folder.
///
/// # Errors
/// When the table is unusable, an image file is missing, a row has no path or another label than the two classes, rows
/// contradict each other, or `progress` requests a stop.
pub(crate) fn read_table(
    path: &Path,
    scheme: &ClassScheme,
    progress: Progress<'_>,
) -> Result<TableImages, Error> {
    let columns = TableColumns::read(path)?;
    let unusable = |problem: String| Error::Table { path: path.to_owned(), problem };
    check_cells(&columns).map_err(unusable)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut images = TableImages::default();
    let mut rows: HashMap<String, usize> = HashMap::new();
    let mut places: HashMap<PathBuf, usize> = HashMap::new();
    let mut missing = Vec::new();
    for row in 0..columns.paths.len() {
        if progress(row, columns.paths.len()).is_break() {
            return Err(Error::Stopped);
        }
        let file = image_of(&columns, row, scheme).map_err(unusable)?;
        let location = folder.join(&file.file);
        // One file may have several names, as in `a.png` and `p/../a.png`.
        let place = plain(&location);
        if let Some(&earlier) = places.get(&place) {
            check_repeated(&columns, earlier, row).map_err(unusable)?;
        }
        if let Some(&earlier) = rows.get(&file.name) {
            if !places.contains_key(&place) {
                return Err(unusable(two_files(&columns, earlier, row)));
            }
            images.passed_over.note(PassedOverReason::RepeatedRow, &[columns.place(row)]);
            continue;
        }
        rows.insert(file.name.clone(), row);
        places.entry(place).or_insert(row);
        if !location.is_file() {
            missing.push(row);
        }
        images.locations.insert(file.file.clone(), location);
        images.files.push(file);
    }
    check_missing(&columns, &missing).map_err(unusable)?;
    images.split_notice = unknown_parts(&columns);
    images.files.sort_unstable_by(|a, b| (&a.name, &a.file).cmp(&(&b.name, &b.file)));
    Ok(images)
}

/// The names of a table's classes.
///
/// # Errors
/// When the table is unusable.
pub(crate) fn table_classes(path: &Path) -> Result<ClassNames, Error> {
    let columns = TableColumns::read(path)?;
    let unusable = |problem: String| Error::Table { path: path.to_owned(), problem };
    check_cells(&columns).map_err(unusable)?;
    Ok(columns.labels.iter().map(String::as_str).collect())
}

/// The image of a row.
fn image_of(columns: &TableColumns, row: usize, scheme: &ClassScheme) -> Result<ImageFile, String> {
    let (file, parts) = (&columns.paths[row], parts(&columns.paths[row], &['/']));
    let class = class_of(columns, row, scheme)?;
    let cell = |column: &Option<Vec<String>>| column.as_ref().map(|column| column[row].clone());
    let group = cell(&columns.groups).filter(|group| scheme.group.is_column() && !group.is_empty());
    let part = match cell(&columns.splits) {
        Some(word) => Part::of_word(&word),
        None => Part::of_file(&parts, scheme),
    };
    let name = format!("{}/{}", scheme.root(), parts.join("/"));
    Ok(ImageFile { file: file.clone(), name, class: Some(class), group, part })
}

/// That cells of the column `split` name no part, with their number and the first one.
fn unknown_parts(columns: &TableColumns) -> Option<String> {
    let splits = columns.splits.as_ref()?;
    let mut unknown = splits.iter().enumerate().filter(|(_, word)| Part::of_word(word).is_none());
    let (row, word) = unknown.next()?;
    let named = if word.is_empty() { "an empty cell".to_owned() } else { format!("`{word}`") };
    Some(format!(
        "{} of {} cells of the column `split` name no part, {named} in {} first; the parts are train, validation and test",
        1 + unknown.count(),
        splits.len(),
        columns.place(row)
    ))
}

/// The class that a row's label names.
fn class_of(columns: &TableColumns, row: usize, scheme: &ClassScheme) -> Result<Class, String> {
    let label = &columns.labels[row];
    scheme.class_of_folder(label).ok_or_else(|| {
        let classes: ClassNames = columns.labels.iter().map(String::as_str).collect();
        format!(
            "the label `{label}` in {} is neither {} nor {}, and its labels are {}; {}",
            columns.place(row),
            scheme.positive,
            scheme.negative,
            classes.listed(),
            classes.advice(scheme)
        )
    })
}

/// Refuses rows without a path or a label, and a table without rows.
fn check_cells(columns: &TableColumns) -> Result<(), String> {
    if columns.paths.is_empty() {
        return Err("it has no rows".to_owned());
    }
    for (name, cells) in [("path", &columns.paths), ("label", &columns.labels)] {
        if let Some(row) = cells.iter().position(String::is_empty) {
            return Err(format!("{} has no {name}", columns.place(row)));
        }
    }
    Ok(())
}

/// Refuses two rows of one image that differ.
fn check_repeated(columns: &TableColumns, earlier: usize, row: usize) -> Result<(), String> {
    let empty = Vec::new();
    let of = |column: &Option<Vec<String>>, row: usize| {
        column.as_ref().unwrap_or(&empty).get(row).cloned().unwrap_or_default()
    };
    let facts = [
        ("label", columns.labels[earlier].clone(), columns.labels[row].clone()),
        ("group", of(&columns.groups, earlier), of(&columns.groups, row)),
        ("split", of(&columns.splits, earlier), of(&columns.splits, row)),
    ];
    match facts.into_iter().find(|(_, earlier, later)| earlier != later) {
        None => Ok(()),
        Some((name, before, after)) => Err(format!(
            "{} and {} contradict each other: {} has the {name} `{before}` and the {name} `{after}`",
            columns.place(earlier),
            columns.place(row),
            columns.paths[row],
        )),
    }
}

/// A path without `.` and without the folders that `..` leaves.
fn plain(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// Of two files with one name: names have no leading slash.
fn two_files(columns: &TableColumns, earlier: usize, row: usize) -> String {
    format!(
        "{} and {} name two files that differ in the leading slash alone, {} and {}; rename one of the folders",
        columns.place(earlier),
        columns.place(row),
        columns.paths[earlier],
        columns.paths[row]
    )
}

/// Refuses rows whose image files are missing.
fn check_missing(columns: &TableColumns, missing: &[usize]) -> Result<(), String> {
    let Some(&first) = missing.first() else { return Ok(()) };
    let (path, place) = (&columns.paths[first], columns.place(first));
    Err(match missing.len() {
        1 => format!("there is no file {path} ({place}); paths are relative to the table's folder"),
        count => format!(
            "{count} of its {} files do not exist, {path} first ({place}); paths are relative to the table's folder",
            columns.paths.len()
        ),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::progress::unwatched;

    fn scheme(group: &str) -> ClassScheme {
        ClassScheme {
            negative: "benign".to_owned(),
            positive: "malignant".to_owned(),
            group: group.parse().unwrap(),
        }
    }

    /// The images of a table beside the files `a.png`, `b.png` and `p/c.png`.
    fn read(table: &str, group: &str) -> Result<TableImages, String> {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("p")).unwrap();
        for file in ["a.png", "b.png", "p/c.png"] {
            fs::write(folder.path().join(file), file).unwrap();
        }
        let path = folder.path().join("t.csv");
        fs::write(&path, table).unwrap();
        read_table(&path, &scheme(group), &unwatched).map_err(|problem| {
            let problem = problem.to_string();
            assert!(!problem.contains('\n'), "{problem}");
            problem.replace(&path.display().to_string(), "t.csv")
        })
    }

    #[test]
    fn rows_give_names_classes_groups_and_parts() {
        let table =
            "path,label,group,split\np/c.png,malignant,g2,test\n./a.png,benign,g1,Train\nb.png,benign,,\n";
        let images = read(table, "column").unwrap();
        let facts: Vec<_> = images
            .files
            .iter()
            .map(|file| (file.name.as_str(), file.class.unwrap(), file.group.as_deref(), file.part))
            .collect();
        assert_eq!(
            facts,
            [
                ("images/a.png", Class::Negative, Some("g1"), Some(Part::Train)),
                ("images/b.png", Class::Negative, None, None),
                ("images/p/c.png", Class::Positive, Some("g2"), Some(Part::Test)),
            ]
        );
        assert!(images.locations["./a.png"].ends_with("a.png"));
        // Another rule than the column finds groups in paths.
        let images = read(table, "(p)/").unwrap();
        assert!(images.files.iter().all(|file| file.group.is_none()));
    }

    #[test]
    fn folders_give_parts_where_no_column_does() {
        let images = read("path,label\np/c.png,malignant\n", "column").unwrap();
        assert_eq!(images.files[0].part, None);
        assert_eq!(images.passed_over, PassedOver::default());
    }

    #[test]
    fn words_that_name_no_part_are_counted_with_the_first() {
        let rows = "path,label,split\na.png,benign,train\nb.png,malignant,trian\np/c.png,malignant,\n";
        let notice = read(rows, "none").unwrap().split_notice.unwrap();
        assert_eq!(
            notice,
            "2 of 3 cells of the column `split` name no part, `trian` in line 3 first; the parts are train, validation and test"
        );
        assert_eq!(read("path,label,split\na.png,benign,Val\n", "none").unwrap().split_notice, None);
        assert_eq!(read("path,label\na.png,benign\n", "none").unwrap().split_notice, None);
    }

    #[test]
    fn an_equal_row_is_passed_over_and_a_contradicting_one_refused() {
        let images = read("path,label\na.png,benign\nb.png,malignant\n./a.png,benign\n", "none").unwrap();
        assert_eq!(images.files.len(), 2);
        assert_eq!(images.passed_over.lines().collect::<Vec<_>>(), ["1 row repeats an earlier one: line 4"]);
        assert_eq!(
            read("path,label\na.png,benign\na.png,malignant\n", "none").unwrap_err(),
            "t.csv is no usable table: line 2 and line 3 contradict each other: a.png has the label `benign` and the label \
             `malignant`"
        );
    }

    #[test]
    fn one_file_under_two_spellings_contradicts_itself_as_one_under_one() {
        let refused = read("path,label,split\na.png,benign,train\np/../a.png,benign,test\n", "none");
        assert!(
            refused
                .unwrap_err()
                .contains("line 2 and line 3 contradict each other: p/../a.png has the split")
        );
        // Without a contradiction both stay, and the second is found to be a duplicate by its bytes.
        assert_eq!(read("path,label\na.png,benign\np/../a.png,benign\n", "none").unwrap().files.len(), 2);
    }

    #[test]
    fn two_files_whose_paths_differ_in_the_leading_slash_are_not_taken_for_one() {
        let folder = tempfile::tempdir().unwrap();
        let absolute = folder.path().join("x.png");
        let relative = absolute.strip_prefix("/").unwrap();
        let below = folder.path().join(relative);
        fs::create_dir_all(below.parent().unwrap()).unwrap();
        for path in [&absolute, &below] {
            fs::write(path, path.as_os_str().as_encoded_bytes()).unwrap();
        }
        let path = folder.path().join("t.csv");
        let rows = |second: &Path| {
            fs::write(
                &path,
                format!("path,label\n{},benign\n{},benign\n", absolute.display(), second.display()),
            )
            .unwrap();
            read_table(&path, &scheme("none"), &unwatched)
        };
        let refused = rows(relative).unwrap_err().to_string();
        assert!(
            refused.contains("line 2 and line 3 name two files that differ in the leading slash"),
            "{refused}"
        );
        assert_eq!(rows(&absolute).unwrap().files.len(), 1);
    }

    #[test]
    fn a_wrong_row_is_one_clear_line() {
        for (table, expected) in [
            ("path,label\n", "it has no rows"),
            ("path,label\na.png,benign\n,benign\n", "line 3 has no path"),
            ("path,label\na.png,\n", "line 2 has no label"),
            ("path,label\nd.png,benign\n", "there is no file d.png (line 2); paths are relative"),
            (
                "path,label\nd.png,benign\na.png,benign\ne,benign\n",
                "2 of its 3 files do not exist, d.png first (line 2)",
            ),
            (
                "path,label\na.png,benign\nb.png,Malignant\n",
                "the label `Malignant` in line 3 is neither malignant nor benign, and its labels are Malignant (1 image), benign \
                 (1 image); give `positive=Malignant`",
            ),
            (
                "path,label\na.png,benign\nb.png,malignant\np/c.png,unsure\n",
                "the label `unsure` in line 4 is neither malignant nor benign",
            ),
        ] {
            let refused = read(table, "none").unwrap_err();
            assert!(refused.contains(expected), "{refused}");
        }
    }
}
