//! Writing a report: each folder is replaced as a whole, so that a reader never sees half of one.

use std::fs;
use std::path::{Path, PathBuf};

use crate::data::ReportData;
use crate::error::Result;

use super::html;
use super::markdown::{self, DETAILS};
use super::replace::{Lock, Moved, NewFile, failed, replace};
use super::report::document_of;

/// Folder of the report that was written last.
const LATEST: &str = "latest";
/// The page in the folder of a report.
const PAGE: &str = "index.html";

/// Where a report lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The page, in the folder named after the report.
    pub html: PathBuf,
    /// The Markdown file beside it.
    pub markdown: PathBuf,
    /// A copy of the page in the folder of the latest report.
    pub latest_html: PathBuf,
    /// Files, folders and links of others that stood where the report's belong, with the names that they are kept by.
    pub moved: Vec<Moved>,
}

/// The page of the report that [`write`] wrote last into the folder of reports `folder`.
pub fn latest_page(folder: &Path) -> PathBuf {
    folder.join(LATEST).join(PAGE)
}

/// Writes `index.html`, `report.md`, `details.md`, `figures/*.svg` and pictures of cells, `figures/*.png`, into a folder named after
/// the report below `folder`, and the same into `latest`. Both folders are replaced as a whole: of two reports that are
/// written at once the last one is there, and of one that is killed the old one or the new one. Files of others in them
/// stay, and links are not followed.
///
/// # Errors
/// When the report cannot be rendered and when a file cannot be written.
pub fn write(data: &ReportData, folder: &Path) -> Result<Written> {
    let document = document_of(data)?;
    let page = html::render(&document);
    let markdown = markdown::render(&document);
    let mut files = vec![
        NewFile { path: PAGE.into(), bytes: page.as_bytes() },
        NewFile { path: "report.md".into(), bytes: markdown.text.as_bytes() },
        NewFile { path: DETAILS.into(), bytes: markdown.details.as_bytes() },
    ];
    let figures = markdown.figures.iter().map(|(name, svg)| (name, svg.as_bytes()));
    let pictures = markdown.pictures.iter().map(|(name, png)| (name, png.as_slice()));
    let drawn = figures.chain(pictures);
    files.extend(drawn.map(|(name, bytes)| NewFile { path: format!("figures/{name}"), bytes }));
    fs::create_dir_all(folder).map_err(failed(folder))?;
    let _lock = Lock::of(folder)?;
    let own = data.slug();
    let mut moved = replace(folder, &own, &files)?;
    moved.extend(replace(folder, LATEST, &files)?);
    let own = folder.join(own);
    Ok(Written {
        html: own.join(PAGE),
        markdown: own.join("report.md"),
        latest_html: latest_page(folder),
        moved,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::render::render_markdown;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_report_lies_in_its_own_folder_and_as_the_latest() {
        let folder = tempfile::tempdir().unwrap();
        let written = write(&fixture::ranks(), folder.path()).unwrap();
        assert_eq!(written.html, folder.path().join("sweep-3-ranks-of-block5/index.html"));
        assert_eq!(names(folder.path()), ["latest", "sweep-3-ranks-of-block5"]);
        assert_eq!(
            names(written.html.parent().unwrap()),
            [".ranklab-files", "details.md", "figures", "index.html", "report.md"]
        );
        assert_eq!(fs::read(&written.html).unwrap(), fs::read(&written.latest_html).unwrap());
        assert_eq!(written.latest_html, folder.path().join("latest/index.html"));
        for (figure, _) in render_markdown(&fixture::ranks()).unwrap().figures {
            assert!(written.markdown.with_file_name("figures").join(figure).is_file());
        }
    }

    #[test]
    fn writing_again_replaces_everything_and_leaves_no_old_figures() {
        let folder = tempfile::tempdir().unwrap();
        let first = write(&fixture::ranks(), folder.path()).unwrap();
        let figures = first.html.with_file_name("figures");
        let before = names(&figures).len();
        let mut fewer = fixture::ranks();
        fewer.runs.truncate(1);
        write(&fewer, folder.path()).unwrap();
        let after = names(&figures);
        assert!(after.len() < before, "{after:?}");
        assert!(after.iter().all(|name| name.ends_with(".svg")), "{after:?}");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("reports");
        fs::write(&file, "a file").unwrap();
        let error = write(&fixture::ranks(), &file).unwrap_err().to_string();
        assert!(
            error.starts_with("cannot write the report to ") && error.contains("choose a folder"),
            "{error}"
        );
        assert!(!error.contains('\n'));
    }
}
