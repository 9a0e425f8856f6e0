//! `ranklab data manifest`: lists images, and the files that are left out.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
};

use anyhow::bail;
use clap::Args;
use ranklab_data::{ImageSource, Manifest, Part, Progress, missing_groups, other_class};
use ranklab_settings::{Class, ClassScheme, GroupRule};
use serde_json::{Value, json};

use crate::{
    folders::Folders,
    signals::StopCheck,
    ui::{
        output::{json_text, log, print, print_fitted},
        printable::{printable, printable_lines},
    },
};

/// Count images, classes and groups, and list duplicates and unreadable files.
#[derive(Args, Clone, Debug)]
pub(super) struct ManifestArgs {
    /// Folder or zip of images, or table that lists images [default: the fetched zip].
    path: Option<PathBuf>,
    /// Settings as a sweep takes them: dataset=, positive=, negative=, group=.
    #[arg(value_name = "KEY=VALUE")]
    settings: Vec<OsString>,
    /// Name of the positive class: of its folder, or in the table's column `label`.
    #[arg(long, value_name = "NAME", default_value_t = ClassScheme::default().positive)]
    positive: String,
    /// Name of the negative class; where the positive one is named, the other class that there is.
    #[arg(long, value_name = "NAME", default_value_t = ClassScheme::default().negative)]
    negative: String,
    /// Regular expression whose first bracket finds an image's group in its path; none for no groups, column for a
    /// table's column `group`.
    #[arg(long, value_name = "REGEX", default_value_t = GroupRule::default())]
    group: GroupRule,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Settings of a listing.
const KEYS: [&str; 4] = ["dataset", "positive", "negative", "group"];

impl ManifestArgs {
    /// The arguments with the settings among them applied: the path first, if there is one, and the settings that a sweep
    /// takes.
    fn with_settings(&self) -> anyhow::Result<Self> {
        let mut applied = Self { path: None, settings: Vec::new(), ..self.clone() };
        let given = self
            .path
            .iter()
            .map(|path| path.as_os_str())
            .chain(self.settings.iter().map(OsString::as_os_str));
        for argument in given {
            let setting = argument.to_str().and_then(|text| text.split_once('='));
            let is_file = Path::new(argument).exists();
            match setting.map(|(key, value)| (key.trim_start_matches("data."), value)) {
                Some(("dataset", value)) if !is_file => applied.set_path(Path::new(value))?,
                Some(("positive", value)) if !is_file => value.clone_into(&mut applied.positive),
                Some(("negative", value)) if !is_file => value.clone_into(&mut applied.negative),
                Some(("group", value)) if !is_file => applied.group = value.parse()?,
                Some((key, _)) if !is_file && is_key(key) => {
                    bail!("`{key}` is no setting of a listing; give {}=", KEYS.join("=, "))
                }
                _ => applied.set_path(Path::new(argument))?,
            }
        }
        Ok(applied)
    }

    fn set_path(&mut self, path: &Path) -> anyhow::Result<()> {
        if let Some(first) = &self.path {
            bail!("{} and {} are two datasets; list one at a time", first.display(), path.display());
        }
        self.path = Some(path.to_owned());
        Ok(())
    }

    /// The classes of the dataset at `path`, and the rule for groups.
    fn scheme(&self, path: &Path, progress: Progress<'_>) -> Result<ClassScheme, ranklab_data::Error> {
        let scheme = ClassScheme {
            negative: self.negative.clone(),
            positive: self.positive.clone(),
            group: self.group.clone(),
        };
        let scheme = scheme.of_dataset(&path.to_string_lossy());
        if !scheme.lacks_negative() {
            return Ok(scheme);
        }
        Ok(ClassScheme { negative: other_class(path, &scheme, progress)?, ..scheme })
    }
}

/// Whether a text is written like the name of a setting.
fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')
}

/// Opens or builds the manifest of a folder or zip, and prints it.
pub(super) fn manifest(
    folders: &Folders,
    arguments: &ManifestArgs,
    stop: StopCheck<'_>,
) -> anyhow::Result<()> {
    let arguments = arguments.with_settings()?;
    let path = arguments.path.clone().unwrap_or_else(|| folders.images());
    let progress = |_, _| stop();
    let scheme = arguments.scheme(&path, &progress)?;
    let source = ImageSource::open_watched(&path, &scheme, &progress)?;
    let cache = folders.runs.join("manifests");
    let manifest = Manifest::open_or_build(&source, &cache, &progress)?;
    let file = Manifest::file(&source, &cache);
    let listing = Listing { path: &path, scheme: &scheme, source: &source, manifest: &manifest, file: &file };
    for line in listing.warnings() {
        log(format_args!("warning: {}", printable(&line)));
    }
    if arguments.json {
        print(&json_text(&listing.json())?)
    } else {
        print_fitted(&printable_lines(&listing.text()))
    }
}

/// A manifest with all that its listing names.
struct Listing<'a> {
    path: &'a Path,
    scheme: &'a ClassScheme,
    source: &'a ImageSource,
    manifest: &'a Manifest,
    /// The file of the manifest.
    file: &'a Path,
}

impl Listing<'_> {
    /// The number of images of a class.
    fn count(&self, class: Class) -> usize {
        self.manifest.entries.iter().filter(|entry| entry.class == class).count()
    }

    /// What to be careful about, a line each: images without a group, and words of a table that name no part.
    fn warnings(&self) -> Vec<String> {
        let groups = missing_groups(&self.manifest.entries, &self.scheme.group);
        groups.into_iter().chain(self.source.split_notice().map(str::to_owned)).collect()
    }

    /// The number of images in which no group was found.
    fn without_group(&self) -> usize {
        self.manifest.entries.iter().filter(|entry| !entry.has_group()).count()
    }

    /// The groups that were found, and how many images have none.
    fn groups(&self) -> String {
        match self.without_group() {
            0 => self.manifest.groups().to_string(),
            without => format!("{} ({without} images have none)", self.manifest.groups() - without),
        }
    }

    /// The number of images that the dataset gives a part.
    fn count_of(&self, part: Part) -> usize {
        self.manifest.entries.iter().filter(|entry| entry.part == Some(part)).count()
    }

    /// A line with the counts of the given split; empty if the dataset gives none.
    fn given_split(&self) -> String {
        let counts = Part::ALL.map(|part| (part.name(), self.count_of(part)));
        if counts.iter().all(|(_, count)| *count == 0) {
            return String::new();
        }
        format!("  given split  {}\n", counts.map(|(name, count)| format!("{count} {name}")).join(", "))
    }

    /// The counts and the files that are left out, as JSON.
    fn json(&self) -> Value {
        let left_out: Vec<_> = self
            .manifest
            .rejected
            .iter()
            .map(|rejected| json!({ "image": rejected.name, "reason": rejected.reason.to_string() }))
            .collect();
        json!({
            "path": self.path,
            "synthetic": self.source.is_synthetic(),
            "images": self.manifest.entries.len(),
            "classes": {
                &self.scheme.positive: self.count(Class::Positive),
                &self.scheme.negative: self.count(Class::Negative),
            },
            "groups": self.manifest.groups(),
            "images_without_group": self.without_group(),
            "warnings": self.warnings(),
            "given_split": Part::ALL.map(|part| (part.name(), self.count_of(part))).into_iter().collect::<BTreeMap<_, _>>(),
            "image_set_hash": self.manifest.select(None).hash,
            "manifest": self.file,
            "contradicting": self.manifest.contradicting().count(),
            "left_out": left_out,
            "passed_over": self.source.passed_over().lines().collect::<Vec<_>>(),
        })
    }

    /// The counts and the files that are left out, as text.
    fn text(&self) -> String {
        let mut text = format!(
            "{}{}\n  images       {} ({} {}, {} {})\n  groups       {}\n{}  hash         {}\n  manifest     {}\n  left out     {} ({} duplicates, {} contradicting, {} unreadable, {} in folders of neither class)\n",
            self.path.display(),
            if self.source.is_synthetic() { " (SYNTHETIC)" } else { "" },
            self.manifest.entries.len(),
            self.count(Class::Positive),
            self.scheme.positive,
            self.count(Class::Negative),
            self.scheme.negative,
            self.groups(),
            self.given_split(),
            self.manifest.select(None).hash,
            self.file.display(),
            self.manifest.rejected.len(),
            self.manifest.duplicates().count(),
            self.manifest.contradicting().count(),
            self.manifest.unreadable().count(),
            self.manifest.unlabelled().count(),
        );
        for rejected in &self.manifest.rejected {
            text +=
                &format!("    {}: {}\n", printable(&rejected.name), printable(&rejected.reason.to_string()));
        }
        for line in self.source.passed_over().lines() {
            text += &format!("  passed over  {}\n", printable(&line));
        }
        text
    }
}
