//! The name of a dataset's negative class where only the positive one is named.

use std::path::Path;

use ranklab_settings::ClassScheme;

use crate::{Error, class_names::ClassNames, progress::Progress, source::ImageSource, table::table_classes};

/// The name of the class of the dataset at `path` that is not the positive one of `scheme`. The negative one of `scheme`
/// if there are images of it.
///
/// # Errors
/// When the dataset cannot be listed, has not exactly one other class, or `progress` requests a stop.
pub fn other_class(path: &Path, scheme: &ClassScheme, progress: Progress<'_>) -> Result<String, Error> {
    let names = if ImageSource::is_table(path) {
        table_classes(path)?
    } else {
        ClassNames::of_folders(ImageSource::open_watched(path, scheme, progress)?.files(), scheme)
    };
    let other = names.other_than_positive(scheme).map(str::to_owned);
    other.map_err(|(found, advice)| Error::Empty { path: path.to_owned(), found, advice })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::progress::unwatched;

    fn other(path: &Path) -> Result<String, String> {
        let scheme = ClassScheme { positive: "ill".to_owned(), ..ClassScheme::default() };
        other_class(path, &scheme, &unwatched).map_err(|problem| problem.to_string())
    }

    #[test]
    fn the_second_class_of_a_folder_or_a_table_is_found_and_a_third_refused() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["train/ill/p1/a.png", "test/well/p2/b.png"] {
            let file = folder.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "x").unwrap();
        }
        let table = folder.path().join("t.csv");
        fs::write(&table, "path,label\na,ill\nb,well\n").unwrap();
        assert_eq!((other(folder.path()), other(&table)), (Ok("well".to_owned()), Ok("well".to_owned())));
        fs::create_dir(folder.path().join("train/more")).unwrap();
        fs::write(folder.path().join("train/more/c.png"), "x").unwrap();
        fs::write(&table, "path,label\na,ill\nb,well\nc,more\n").unwrap();
        for path in [folder.path(), &table] {
            let refused = other(path).unwrap_err();
            let expected = "holds the classes ill (1 image), more (1 image), well (1 image): only two classes are supported";
            assert!(refused.contains(expected) && !refused.contains('\n'), "{refused}");
        }
    }
}
