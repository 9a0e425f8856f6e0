//! Replacing a folder as a whole among files of others.
//!
//! The new folder is built aside, `.NAME.part`, with a list of its files, and then exchanged for the old one in one step.
//! What the old one's list names goes; everything else in it belongs to others and is moved into the new one. A process
//! that is killed leaves the old folder or the new one in place, and something aside that the next one clears in the
//! same way.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Result};

/// The list of a folder's own files, one path on each line.
const LIST: &str = ".ranklab-files";

/// A file of the new folder.
pub(crate) struct NewFile<'a> {
    /// Path within the folder, with slashes.
    pub(crate) path: String,
    /// Content.
    pub(crate) bytes: &'a [u8],
}

/// Something of others that stood in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Where it stood.
    pub from: PathBuf,
    /// Where it is now.
    pub to: PathBuf,
}

/// Keeps other processes from replacing folders in the same place; released when it is dropped.
pub(crate) struct Lock(#[expect(dead_code, reason = "closing it releases the lock")] File);

impl Lock {
    /// Waits until no other process replaces folders below `folder`.
    ///
    /// # Errors
    /// When the folder cannot be opened.
    pub(crate) fn of(folder: &Path) -> Result<Self> {
        let file = File::open(folder).map_err(failed(folder))?;
        // Some network file systems lock no folder: there two reports at once are not kept apart.
        let _ = file.lock();
        Ok(Self(file))
    }
}

/// Replaces the folder `name` below `folder` by one with these files. Gives what of others had to be moved.
///
/// # Errors
/// When something cannot be written.
pub(crate) fn replace(folder: &Path, name: &str, files: &[NewFile<'_>]) -> Result<Vec<Moved>> {
    let place = Place {
        target: folder.join(name),
        part: folder.join(format!(".{name}.part")),
        old: folder.join(format!(".{name}.old")),
    };
    let mut moved = place.clear_leftovers()?;
    build(&place.part, files)?;
    match fs::symlink_metadata(&place.target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::rename(&place.part, &place.target).map_err(failed(&place.target))?;
        }
        Err(error) => return Err(failed(&place.target)(error)),
        Ok(_) => {
            place.exchange()?;
            moved.extend(place.clear(&place.part)?);
        }
    }
    sync_folder(folder)?;
    Ok(moved)
}

/// Where a folder stands, and what lies beside it while it is replaced.
struct Place {
    target: PathBuf,
    /// The new folder until the exchange, the old one after it.
    part: PathBuf,
    /// The old one where a file system has no exchange.
    old: PathBuf,
}

impl Place {
    /// Clears what killed processes left. Whoever holds the lock is alone.
    fn clear_leftovers(&self) -> Result<Vec<Moved>> {
        if exists(&self.old) && !exists(&self.target) {
            fs::rename(&self.old, &self.target).map_err(failed(&self.target))?;
        }
        let mut moved = self.clear(&self.old)?;
        moved.extend(self.clear(&self.part)?);
        Ok(moved)
    }

    /// Puts the new folder in its place and what stood there aside.
    fn exchange(&self) -> Result<()> {
        match exchange(&self.part, &self.target) {
            Ok(()) => Ok(()),
            // No exchange on this file system: for a moment nothing is in place.
            Err(_) => {
                fs::rename(&self.target, &self.old).map_err(failed(&self.target))?;
                fs::rename(&self.part, &self.target).map_err(failed(&self.target))?;
                fs::rename(&self.old, &self.part).map_err(failed(&self.old))
            }
        }
    }

    /// Removes a folder that is not in its place: its own files go, those of others come to the target.
    fn clear(&self, aside: &Path) -> Result<Vec<Moved>> {
        let mut moved = Vec::new();
        let Ok(metadata) = fs::symlink_metadata(aside) else { return Ok(moved) };
        if !metadata.is_dir() {
            // A file or a link that stood where the folder belongs.
            self.keep(aside, Path::new(""), &mut moved)?;
            return Ok(moved);
        }
        let mut own = list(aside);
        if own.is_empty() {
            // Of an earlier version, which kept no list: what the new folder has as well was its own.
            own = list(&self.target);
        }
        self.clear_folder(aside, Path::new(""), &own, &mut moved)?;
        Ok(moved)
    }

    fn clear_folder(
        &self,
        aside: &Path,
        within: &Path,
        own: &BTreeSet<PathBuf>,
        moved: &mut Vec<Moved>,
    ) -> Result<()> {
        let folder = aside.join(within);
        for entry in fs::read_dir(&folder).map_err(failed(&folder))? {
            let entry = entry.map_err(failed(&folder))?;
            let (path, within) = (entry.path(), within.join(entry.file_name()));
            // Of the entry itself: a link is not followed.
            let kind = entry.file_type().map_err(failed(&path))?;
            if kind.is_file() && is_own(&within, own) {
                fs::remove_file(&path).map_err(failed(&path))?;
            } else if kind.is_dir() && own.iter().any(|file| file.starts_with(&within)) {
                self.clear_folder(aside, &within, own, moved)?;
            } else {
                self.keep(&path, &within, moved)?;
            }
        }
        fs::remove_dir(&folder).map_err(failed(&folder))
    }

    /// Moves something of others to the same path in the target, or beside it where that is taken.
    fn keep(&self, path: &Path, within: &Path, moved: &mut Vec<Moved>) -> Result<()> {
        // Joining nothing would add a slash, which follows a link.
        let wanted =
            if within.as_os_str().is_empty() { self.target.clone() } else { self.target.join(within) };
        if let Some(parent) = wanted.parent() {
            fs::create_dir_all(parent).map_err(failed(parent))?;
        }
        let mut to = wanted.clone();
        let mut number = 1;
        while exists(&to) {
            let mut name = wanted.as_os_str().to_owned();
            name.push(if number == 1 { ".kept".to_owned() } else { format!(".kept-{number}") });
            to = name.into();
            number += 1;
        }
        fs::rename(path, &to).map_err(failed(&to))?;
        if to != wanted {
            moved.push(Moved { from: wanted, to });
        }
        Ok(())
    }
}

/// Whether something is there, be it a link to nowhere.
fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Whether a path is on the list, or is a file that an earlier version was killed over, `index.html.4242.part`.
fn is_own(within: &Path, own: &BTreeSet<PathBuf>) -> bool {
    let unfinished = || {
        let name = within.to_str()?.strip_suffix(".part")?;
        let (name, process) = name.rsplit_once('.')?;
        Some(process.parse::<u32>().is_ok() && own.contains(Path::new(name)))
    };
    within == Path::new(LIST) || own.contains(within) || unfinished().unwrap_or(false)
}

/// The files that a folder's list names; empty without one. Paths that lead out of the folder are none of ours.
fn list(folder: &Path) -> BTreeSet<PathBuf> {
    let file = folder.join(LIST);
    let is_plain = fs::symlink_metadata(&file).is_ok_and(|metadata| metadata.is_file());
    let text = if is_plain { fs::read_to_string(&file).unwrap_or_default() } else { String::new() };
    let paths = text.lines().filter(|line| !line.is_empty()).map(PathBuf::from);
    paths.filter(|path| path.components().all(|part| matches!(part, Component::Normal(_)))).collect()
}

/// Writes the new folder. Its list comes first: whatever is in the folder later is on it.
fn build(part: &Path, files: &[NewFile<'_>]) -> Result<()> {
    let mut folders = BTreeSet::from([part.to_owned()]);
    fs::create_dir(part).map_err(failed(part))?;
    let listed: String = files.iter().map(|file| format!("{}\n", file.path)).collect();
    write_file(&part.join(LIST), listed.as_bytes())?;
    for file in files {
        let path = part.join(&file.path);
        if let Some(parent) = path.parent()
            && folders.insert(parent.to_owned())
        {
            fs::create_dir_all(parent).map_err(failed(parent))?;
        }
        write_file(&path, file.bytes)?;
    }
    folders.iter().try_for_each(|folder| sync_folder(folder))
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || {
        let mut file = File::create_new(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(failed(path))
}

fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder))
}

/// Exchanges two paths in one step.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn exchange(_one: &Path, _other: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The error of a file or folder.
pub(crate) fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Write { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(folder: &Path, names: &[&str], content: &str) -> Vec<Moved> {
        let files: Vec<NewFile<'_>> = names
            .iter()
            .map(|name| NewFile { path: (*name).to_owned(), bytes: content.as_bytes() })
            .collect();
        replace(folder, "report", &files).unwrap()
    }

    /// All files with their content, links as such.
    fn content(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
            let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                found.extend(content(&path).into_iter().map(|below| format!("{name}/{below}")));
            } else if kind.is_symlink() {
                found.push(format!("{name} -> {}", fs::read_link(&path).unwrap().display()));
            } else if name != LIST {
                found.push(format!("{name}={}", fs::read_to_string(&path).unwrap()));
            }
        }
        found.sort();
        found
    }

    #[test]
    fn only_files_on_the_list_go_and_files_of_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report");
        put(folder.path(), &["index.html", "figures/a.svg", "figures/b.svg"], "1");
        fs::write(report.join("figures/mine.png"), "mine").unwrap();
        fs::write(report.join("notes.txt"), "mine").unwrap();
        fs::create_dir_all(report.join("my figures/deep")).unwrap();
        fs::write(report.join("my figures/deep/x.svg"), "mine").unwrap();
        assert_eq!(put(folder.path(), &["index.html", "figures/b.svg"], "2"), []);
        let expected = [
            "figures/b.svg=2",
            "figures/mine.png=mine",
            "index.html=2",
            "my figures/deep/x.svg=mine",
            "notes.txt=mine",
        ];
        assert_eq!(content(&report), expected);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left aside");
    }

    #[test]
    fn a_folder_of_an_earlier_version_has_no_list_and_loses_nothing_but_what_is_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report");
        fs::create_dir_all(report.join("figures")).unwrap();
        for name in ["index.html", "index.html.4242.part", "figures/a.svg", "figures/mine.png"] {
            fs::write(report.join(name), "old").unwrap();
        }
        put(folder.path(), &["index.html", "figures/a.svg"], "2");
        assert_eq!(content(&report), ["figures/a.svg=2", "figures/mine.png=old", "index.html=2"]);
    }

    #[test]
    fn links_and_files_in_the_way_are_kept_beside_and_never_followed() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join("a.svg"), "theirs").unwrap();
        let report = folder.path().join("report");
        put(folder.path(), &["index.html", "figures/a.svg"], "1");
        fs::remove_dir_all(report.join("figures")).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), report.join("figures")).unwrap();
        let moved = put(folder.path(), &["index.html", "figures/a.svg"], "2");
        assert_eq!(moved[0].to, report.join("figures.kept"));
        assert_eq!(content(elsewhere.path()), ["a.svg=theirs"]);
        assert!(content(&report).contains(&"figures/a.svg=2".to_owned()));
        // The folder itself as a link, then as a file.
        fs::remove_dir_all(&report).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), &report).unwrap();
        let moved = put(folder.path(), &["index.html"], "3");
        assert_eq!(moved, [Moved { from: report.clone(), to: folder.path().join("report.kept") }]);
        fs::remove_dir_all(&report).unwrap();
        fs::write(&report, "a file").unwrap();
        put(folder.path(), &["index.html"], "4");
        assert_eq!(
            (content(&report), content(elsewhere.path())),
            (vec!["index.html=4".into()], vec!["a.svg=theirs".into()])
        );
        assert_eq!(fs::read_to_string(folder.path().join("report.kept-2")).unwrap(), "a file");
    }

    #[test]
    fn whatever_moment_a_process_is_killed_at_the_next_one_finds_and_clears_what_it_left() {
        let folder = tempfile::tempdir().unwrap();
        let (report, part) = (folder.path().join("report"), folder.path().join(".report.part"));
        put(folder.path(), &["index.html", "figures/a.svg"], "1");
        fs::write(report.join("mine.txt"), "mine").unwrap();
        // While the new one was being built.
        let new = [
            NewFile { path: "index.html".into(), bytes: b"half" },
            NewFile { path: "figures/c.svg".into(), bytes: b"half" },
        ];
        build(&part, &new).unwrap();
        fs::remove_file(part.join("figures/c.svg")).unwrap();
        put(folder.path(), &["index.html"], "2");
        assert_eq!(content(&report), ["index.html=2", "mine.txt=mine"]);
        // After the exchange, before files of others came over.
        build(&part, &new).unwrap();
        exchange(&part, &report).unwrap();
        assert_eq!(content(&report), ["figures/c.svg=half", "index.html=half"]);
        put(folder.path(), &["index.html"], "3");
        assert_eq!(content(&report), ["index.html=3", "mine.txt=mine"]);
        // Between the two steps of a file system without an exchange.
        build(&part, &new).unwrap();
        fs::rename(&report, folder.path().join(".report.old")).unwrap();
        put(folder.path(), &["index.html"], "4");
        assert_eq!(content(&report), ["index.html=4", "mine.txt=mine"]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_list_that_names_files_elsewhere_removes_none_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report");
        put(folder.path(), &["index.html"], "1");
        fs::write(folder.path().join("other.txt"), "other").unwrap();
        fs::write(
            report.join(LIST),
            format!("../other.txt\n{}\nindex.html\n", folder.path().join("other.txt").display()),
        )
        .unwrap();
        put(folder.path(), &["index.html"], "2");
        assert_eq!(fs::read_to_string(folder.path().join("other.txt")).unwrap(), "other");
        assert_eq!(content(&report), ["index.html=2"]);
    }

    #[test]
    fn of_many_that_write_at_once_one_is_there_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let write = |number: usize| {
            let path = path.clone();
            std::thread::spawn(move || {
                for turn in 0..6 {
                    let names: Vec<String> = (0..=number).map(|name| format!("figures/{name}.svg")).collect();
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    let _lock = Lock::of(&path).unwrap();
                    put(&path, &names, &format!("{number} in turn {turn}"));
                }
            })
        };
        let writers: Vec<_> = (0..4).map(write).collect();
        for _ in 0..200 {
            // A folder that is read while it is replaced may be the old one in part; its list is that of one report.
            if let Ok(listed) = fs::read_to_string(path.join("report").join(LIST)) {
                assert!(
                    (1..=4).contains(&listed.lines().count()) && listed.starts_with("figures/0.svg"),
                    "{listed}"
                );
            }
        }
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        let found = content(&path.join("report"));
        let numbers: BTreeSet<&str> = found.iter().filter_map(|file| file.split('=').nth(1)).collect();
        assert_eq!(numbers.len(), 1, "{found:?}");
        let writer: usize = numbers.first().unwrap().split(' ').next().unwrap().parse().unwrap();
        assert_eq!(found.len(), writer + 1, "{found:?}");
    }
}
