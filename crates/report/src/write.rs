//! Writing a report: each file aside and then renamed, so that a reader never sees half of one.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::data::ReportData;
use crate::document::document;
use crate::error::{Error, Result};
use crate::html;
use crate::markdown::{self, Markdown};

/// Folder of the report that was written last.
const LATEST: &str = "latest";

/// Where a report lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The page, in the report's own folder.
    pub html: PathBuf,
    /// The Markdown file beside it.
    pub markdown: PathBuf,
    /// The same page in the folder of the latest report.
    pub latest_html: PathBuf,
}

/// Writes `index.html`, `report.md`, `figures/*.svg` and pictures of cells, `figures/*.png`, into a folder named after the report below
/// `folder`, and the same into `latest`. Figures of an earlier version of the report are removed.
///
/// # Errors
/// When the report cannot be rendered and when a file cannot be written.
pub fn write(data: &ReportData, folder: &Path) -> Result<Written> {
    let document = document(data)?;
    let page = html::render(&document);
    let markdown = markdown::render(&document);
    let own = folder.join(data.slug());
    let latest = folder.join(LATEST);
    for target in [&own, &latest] {
        write_into(target, &page, &markdown)?;
    }
    Ok(Written {
        html: own.join("index.html"),
        markdown: own.join("report.md"),
        latest_html: latest.join("index.html"),
    })
}

fn write_into(folder: &Path, page: &str, markdown: &Markdown) -> Result<()> {
    let figures = folder.join("figures");
    fs::create_dir_all(&figures).map_err(failed(&figures))?;
    for (name, svg) in &markdown.figures {
        replace(&figures.join(name), svg.as_bytes())?;
    }
    for (name, png) in &markdown.pictures {
        replace(&figures.join(name), png)?;
    }
    replace(&folder.join("report.md"), markdown.text.as_bytes())?;
    replace(&folder.join("index.html"), page.as_bytes())?;
    remove_stale(&figures, markdown)
}

/// Figures that the report no longer has.
fn remove_stale(figures: &Path, markdown: &Markdown) -> Result<()> {
    for entry in fs::read_dir(figures).map_err(failed(figures))? {
        let path = entry.map_err(failed(figures))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let known = markdown.figures.iter().any(|(figure, _)| *figure == name)
            || markdown.pictures.iter().any(|(picture, _)| *picture == name);
        if (name.ends_with(".svg") || name.ends_with(".png")) && !known {
            fs::remove_file(&path).map_err(failed(&path))?;
        }
    }
    Ok(())
}

fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut aside = path.as_os_str().to_owned();
    // Two reports at once do not write the same file.
    aside.push(format!(".{}.part", std::process::id()));
    let aside = PathBuf::from(aside);
    let durable = || {
        let mut file = fs::File::create(&aside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&aside, path)
    };
    durable().map_err(|source| {
        // What is left of it helps nobody; that it cannot be removed is not the news.
        let _ = fs::remove_file(&aside);
        failed(path)(source)
    })
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Write { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::markdown::render_markdown;

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
        assert_eq!(names(written.html.parent().unwrap()), ["figures", "index.html", "report.md"]);
        assert_eq!(fs::read(&written.html).unwrap(), fs::read(&written.latest_html).unwrap());
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
