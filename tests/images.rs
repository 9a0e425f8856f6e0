//! Images that change, contradict one another or are passed over: what is trained on is what is recorded.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Output},
    time::SystemTime,
};

use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::{
    command::{Ranklab, failed, succeeded},
    disturbance::{await_of, errors, send},
};

/// Generated images as a zip, with other pixels for another seed.
fn generate(ranklab: &Ranklab, images: usize, seed: usize) -> PathBuf {
    let (images, seed) = (images.to_string(), seed.to_string());
    let arguments = ["data", "synthetic", "--images", &images, "--patients", "6", "--seed", &seed];
    let said = ranklab.stdout(&arguments);
    ranklab.path(said.split(" (SYNTHETIC)").next().unwrap())
}

fn unpack(zip: &Path, folder: &Path) {
    ZipArchive::new(File::open(zip).unwrap()).unwrap().extract(folder).unwrap();
    fs::remove_file(folder.join("cell_images/SYNTHETIC.txt")).unwrap();
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Other bytes at the same path, of the same length, with the time that it had.
fn replace_unseen(path: &Path, bytes: &[u8]) {
    let metadata = fs::metadata(path).unwrap();
    let (length, time) = (metadata.len() as usize, metadata.modified().unwrap());
    let file = File::options().write(true).open(path).unwrap();
    (&file).write_all(&[bytes, &vec![0; length.saturating_sub(bytes.len())]].concat()[..length]).unwrap();
    file.set_modified(time).unwrap();
    let after = fs::metadata(path).unwrap();
    assert_eq!((after.len() as usize, after.modified().unwrap()), (length, time));
}

/// Sweeps of one trial on what lies at a place.
fn sweep<'a>(dataset: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let common = ["sweep", dataset, "weights=random", "image_size=32", "epochs=1", "batch=8", "rank=1"];
    let key = |setting: &str| setting.split('=').next().map(str::to_owned);
    let kept = common.into_iter().filter(|setting| !more.iter().any(|other| key(other) == key(setting)));
    kept.chain(more.iter().copied()).chain(["test_fraction=0.2", "validation_fraction=0.2"]).collect()
}

fn hashes(ranklab: &Ranklab) -> Vec<String> {
    let sql = "select image_set_hash from runs where status = 'finished' order by id";
    ranklab.stdout(&["query", sql, "--format", "csv"]).lines().skip(1).map(str::to_owned).collect()
}

/// The hash that `data manifest` takes of what lies there now.
fn hash_of(ranklab: &Ranklab, path: &str) -> String {
    let said = ranklab.stdout(&["data", "manifest", path, "--json"]);
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    json["image_set_hash"].as_str().unwrap().to_owned()
}

#[test]
fn images_replaced_while_a_sweep_trains_end_its_other_trials_in_one_line_and_nothing_wrong_is_kept() {
    let ranklab = Ranklab::new();
    unpack(&generate(&ranklab, 80, 0), &ranklab.path("IMG"));
    let class = ranklab.path("IMG/cell_images/Parasitized");
    let mut kept: Vec<(PathBuf, Vec<u8>)> =
        sorted(&class).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    kept.sort_by_key(|(_, bytes)| bytes.len());
    let before = hash_of(&ranklab, "IMG");
    let settings = sweep("dataset=IMG", &["rank=2", "epochs=4000", "image_size=32,64", "jobs=1"]);
    let mut child = ranklab.start(&settings);
    await_of(&mut child, "a checkpoint", |child| {
        assert_eq!(child.try_wait().unwrap(), None, "the sweep ended before it was disturbed");
        ranklab.checkpoint().exists()
    });
    // Each gets the bytes of a shorter one; lengths and times stay.
    for pair in kept.windows(2) {
        replace_unseen(&pair[1].0, &pair[0].1);
    }
    send("-INT", &child);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    // Now they are other images: the trials of the first ones are left, and none is trained under their hash.
    let short = sweep("dataset=IMG", &["rank=2", "epochs=1", "image_size=32,64", "jobs=1"]);
    succeeded(&ranklab.run(&short));
    let after = hash_of(&ranklab, "IMG");
    assert_ne!(before, after);
    assert_eq!(hashes(&ranklab), [after.clone(), after]);
    for (path, bytes) in &kept {
        fs::write(path, bytes).unwrap();
    }
    assert_eq!(hash_of(&ranklab, "IMG"), before);
    let error = failed(&ranklab.run(&["verify", "3"]));
    assert!(error.contains("the images of run 3 have changed"), "{error}");
}

/// Starts a sweep of two sizes, changes its images while the first trains, and returns how it ended.
fn disturbed(ranklab: &Ranklab, dataset: &str, change: impl FnOnce()) -> Output {
    let dataset = format!("dataset={dataset}");
    let mut child: Child =
        ranklab.start(&sweep(&dataset, &["rank=2", "epochs=4", "image_size=32,64", "jobs=1"]));
    await_of(&mut child, "a checkpoint", |child| {
        assert_eq!(child.try_wait().unwrap(), None, "the sweep ended before it was disturbed");
        ranklab.checkpoint().exists()
    });
    // It waits while its images change, as slow as that may be.
    send("-STOP", &child);
    change();
    send("-CONT", &child);
    child.wait_with_output().unwrap()
}

#[test]
fn features_are_never_computed_of_images_that_changed_since_they_were_hashed() {
    for (count, unseen) in [(0, false), (1, true)] {
        let ranklab = Ranklab::new();
        unpack(&generate(&ranklab, 60, 0), &ranklab.path("IMG"));
        let class = ranklab.path("IMG/cell_images/Uninfected");
        let images = sorted(&class);
        let bytes: Vec<Vec<u8>> = images.iter().map(|path| fs::read(path).unwrap()).collect();
        let before = hash_of(&ranklab, "IMG");
        let output = disturbed(&ranklab, "IMG", || match unseen {
            // One image among all is enough.
            true => replace_unseen(&images[count], &bytes[count + 1]),
            false => {
                images.iter().rev().zip(&bytes).for_each(|(path, bytes)| fs::write(path, bytes).unwrap())
            }
        });
        let error = failed(&output);
        assert!(
            error.contains("Uninfected/") && error.contains("was changed while it was in use"),
            "{error}"
        );
        assert!(error.contains("repeat the command"), "{error}");
        // The trial that had its features is right, the other one is no run, and its features are nowhere.
        assert_eq!(hashes(&ranklab), [before]);
        let caches = fs::read_dir(ranklab.path("runs/features")).unwrap();
        let whole = caches.filter(|cache| {
            cache.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "features")
        });
        assert!(whole.count() <= 2, "features of the changed images were kept");
        for (path, bytes) in images.iter().zip(&bytes) {
            fs::write(path, bytes).unwrap();
        }
        succeeded(&ranklab.run(&["verify", "1", "-q"]));
        // With the right images both trials end, on features of the right images.
        let again = sweep("dataset=IMG", &["rank=2", "epochs=4", "image_size=32,64", "jobs=1"]);
        assert!(succeeded(&ranklab.run(&again)).contains("1 trained, 1 finished before"));
    }
}

#[test]
fn a_zip_that_is_replaced_or_written_over_is_known_by_its_bytes_and_not_by_its_size_and_time() {
    let ranklab = Ranklab::new();
    let (first, second) = (generate(&ranklab, 60, 0), generate(&ranklab, 60, 1));
    let zip = ranklab.path("cells.zip");
    // Two zips of one length, for which a comment of either may be longer.
    let padded = |path: &Path, length: u64| {
        let mut bytes = fs::read(path).unwrap();
        let more = u16::try_from(length - bytes.len() as u64).unwrap();
        let end = bytes.len() - 2;
        bytes[end..].copy_from_slice(&more.to_le_bytes());
        bytes.extend(vec![b' '; usize::from(more)]);
        bytes
    };
    let [first, second] = [first, second].map(|path| (fs::metadata(&path).unwrap().len(), path));
    let length = first.0.max(second.0);
    let [first, second] = [&first.1, &second.1].map(|path| repacked(path, length, &padded));
    fs::write(&zip, &first).unwrap();
    let time = fs::metadata(&zip).unwrap().modified().unwrap();
    succeeded(&ranklab.run(&sweep("dataset=cells.zip", &[])));
    let before = hash_of(&ranklab, "cells.zip");
    put(&zip, &second, time);
    succeeded(&ranklab.run(&sweep("dataset=cells.zip", &[])));
    let after = hash_of(&ranklab, "cells.zip");
    assert_eq!(hashes(&ranklab), [before.clone(), after.clone()]);
    assert_ne!(before, after);
    let error = failed(&ranklab.run(&["verify", "1"]));
    assert!(error.contains("the images of run 1 have changed"), "{error}");
    succeeded(&ranklab.run(&["verify", "2", "-q"]));
    // Its pictures are not shown either.
    put(&zip, &first, time);
    let page = |run: &str| {
        ranklab.stdout(&["report", "--runs", run]);
        fs::read_to_string(ranklab.path("reports/latest/index.html")).unwrap()
    };
    assert!(page("2").contains("have changed: their hash was"));
    assert!(!page("1").contains("have changed: their hash was"));
}

/// A zip of this length, whatever that costs: its comment fills it up.
fn repacked(path: &Path, length: u64, padded: &dyn Fn(&Path, u64) -> Vec<u8>) -> Vec<u8> {
    let missing = length - fs::metadata(path).unwrap().len();
    if missing <= u64::from(u16::MAX) {
        return padded(path, length);
    }
    // The rest goes into an entry that is no image.
    let mut zip = ZipWriter::new_append(File::options().read(true).write(true).open(path).unwrap()).unwrap();
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    zip.start_file("filler.txt", options).unwrap();
    zip.write_all(&vec![b' '; usize::try_from(missing).unwrap() - 1000]).unwrap();
    zip.finish().unwrap();
    padded(path, length)
}

/// Writes a file anew in its place, with the time that it had.
fn put(path: &Path, bytes: &[u8], time: SystemTime) {
    assert_eq!(fs::metadata(path).unwrap().len(), bytes.len() as u64);
    fs::write(path, bytes).unwrap();
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn a_zip_written_over_while_a_sweep_trains_from_it_is_noticed_and_one_renamed_over_does_no_harm() {
    let ranklab = Ranklab::new();
    let (first, second) = (generate(&ranklab, 60, 0), generate(&ranklab, 60, 1));
    fs::copy(&first, ranklab.path("cells.zip")).unwrap();
    let before = hash_of(&ranklab, "cells.zip");
    let output = disturbed(&ranklab, "cells.zip", || {
        let file = File::options().write(true).open(ranklab.path("cells.zip")).unwrap();
        (&file).write_all(&fs::read(&second).unwrap()).unwrap();
    });
    let error = failed(&output);
    assert!(error.contains("cells.zip") && !error.contains("diverged"), "{error}");
    assert_eq!(hashes(&ranklab), [before.as_str()]);
    // The other way it reads the file that it opened to the end.
    let ranklab = Ranklab::new();
    let (first, second) = (generate(&ranklab, 60, 0), generate(&ranklab, 60, 1));
    fs::copy(&first, ranklab.path("cells.zip")).unwrap();
    let output = disturbed(&ranklab, "cells.zip", || fs::rename(&second, ranklab.path("cells.zip")).unwrap());
    succeeded(&output);
    assert_eq!(hashes(&ranklab), [before.clone(), before]);
}

#[test]
fn the_same_bytes_in_both_classes_are_left_out_with_all_their_copies_and_counted_apart() {
    let ranklab = Ranklab::new();
    unpack(&generate(&ranklab, 40, 0), &ranklab.path("images"));
    let [parasitized, uninfected] =
        ["Parasitized", "Uninfected"].map(|class| ranklab.path("images/cell_images").join(class));
    let (first, second) = (sorted(&parasitized), sorted(&uninfected));
    // One stands in both classes, another one twice in one class and once in the other.
    fs::copy(&first[0], uninfected.join("C9P9_other.png")).unwrap();
    fs::copy(&second[3], parasitized.join("A.png")).unwrap();
    fs::copy(&second[3], uninfected.join("Z.png")).unwrap();
    fs::copy(&first[5], parasitized.join("Z_plain.png")).unwrap();
    let said = ranklab.stdout(&["data", "manifest", "images"]);
    assert!(said.contains("38 (19 Parasitized, 19 Uninfected)"), "{said}");
    assert!(
        said.contains("6 (1 duplicates, 5 contradicting, 0 unreadable, 0 in folders of neither class)"),
        "{said}"
    );
    assert!(said.contains("A.png: contradicting label: "), "{said}");
    let output = ranklab.run(&sweep("dataset=images", &[]));
    succeeded(&output);
    assert!(errors(&output).contains("so that neither label is reliable"), "{}", errors(&output));
    let sql = "select images, duplicate_images, contradicting_images, unreadable_images from runs";
    assert_eq!(ranklab.value(sql), "38,1,5,0");
}

#[cfg(unix)]
#[test]
fn no_image_is_lost_without_a_word() {
    use std::os::unix::{ffi::OsStrExt as _, fs::symlink};
    let ranklab = Ranklab::new();
    unpack(&generate(&ranklab, 60, 0), &ranklab.path("whole"));
    // Class folders that are links, a linked folder in a class, twins of macOS, and a name that is no text.
    let (whole, images) = (ranklab.path("whole/cell_images"), ranklab.path("images"));
    fs::create_dir_all(images.join("cells")).unwrap();
    fs::create_dir(ranklab.path("more")).unwrap();
    for path in sorted(&whole.join("Uninfected")).iter().take(10) {
        fs::rename(path, ranklab.path("more").join(path.file_name().unwrap())).unwrap();
    }
    symlink("../../whole/cell_images/Parasitized", images.join("cells/Parasitized")).unwrap();
    symlink("../../whole/cell_images/Uninfected", images.join("cells/Uninfected")).unwrap();
    symlink(ranklab.path("more"), whole.join("Uninfected/more")).unwrap();
    symlink("..", whole.join("Uninfected/up")).unwrap();
    fs::create_dir_all(images.join("deep/__MACOSX/Parasitized")).unwrap();
    fs::write(images.join("deep/__MACOSX/Parasitized/._a.png"), b"twin").unwrap();
    fs::write(whole.join("Parasitized/._C1.png"), b"twin").unwrap();
    let odd = std::ffi::OsStr::from_bytes(b"C1P1_\xff.png");
    fs::rename(&sorted(&whole.join("Parasitized"))[5], whole.join("Parasitized").join(odd)).unwrap();
    // Some in another format, one hidden, one a broken link.
    for (number, path) in sorted(&whole.join("Parasitized")).iter().rev().take(8).enumerate() {
        fs::rename(path, path.with_extension(if number < 7 { "gif" } else { "HEIC" })).unwrap();
    }
    fs::write(whole.join("Parasitized/.hidden.png"), b"hidden").unwrap();
    fs::copy(&sorted(&whole.join("Uninfected"))[0], images.join("stray.png")).unwrap();
    symlink("nowhere", whole.join("Uninfected/lost")).unwrap();
    let said = ranklab.stdout(&["data", "manifest", "images"]);
    assert!(said.contains("52 (22 Parasitized, 30 Uninfected)"), "{said}");
    assert!(
        said.contains("left out     1 (0 duplicates, 0 contradicting, 0 unreadable, 1 in folders"),
        "{said}"
    );
    for line in [
        "passed over  8 files are of other types (7 .gif, 1 .heic), ",
        "passed over  1 file is hidden: cells/Parasitized/.hidden.png",
        "passed over  1 link leads nowhere: cells/Uninfected/lost",
        "passed over  1 link leads to a folder that it lies in: cells/Uninfected/up",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let output = ranklab.run(&sweep("dataset=images", &[]));
    succeeded(&output);
    assert!(errors(&output).contains("passed over: 8 files are of other types"), "{}", errors(&output));
    assert_eq!(ranklab.value("select images, skipped_files, unreadable_images from runs"), "52,10,0");
}

#[test]
fn where_no_image_can_be_read_the_message_gives_the_first_reason() {
    let ranklab = Ranklab::new();
    let zip = generate(&ranklab, 40, 0);
    // A method that no entry has here (bzip2's), written into both headers of each entry; and the mark of encryption.
    let patched = |name: &str, central: usize, local: usize, value: u16| {
        let mut bytes = fs::read(&zip).unwrap();
        for (signature, place) in [(b"PK\x01\x02", central), (b"PK\x03\x04", local)] {
            let headers: Vec<usize> = bytes
                .windows(4)
                .enumerate()
                .filter(|(_, four)| four == signature)
                .map(|(at, _)| at)
                .collect();
            for header in headers {
                bytes[header + place..][..2].copy_from_slice(&value.to_le_bytes());
            }
        }
        fs::write(ranklab.path(name), bytes).unwrap();
    };
    patched("bzip2.zip", 10, 8, 12);
    patched("lzma.zip", 10, 8, 14);
    patched("encrypted.zip", 8, 6, 1);
    for (name, reason) in [("bzip2.zip", "method"), ("lzma.zip", "method"), ("encrypted.zip", "assword")] {
        let error = failed(&ranklab.run(&["data", "manifest", name]));
        assert!(
            error.contains("0 images of class Parasitized and 0 images of class Uninfected; 20 left out, "),
            "{error}"
        );
        assert!(error.contains("cell_images/Parasitized/") && error.contains(reason), "{error}");
        assert!(error.contains("repair or replace them") && !error.contains("put images"), "{error}");
    }
    // All of another format, and class folders of other names.
    unpack(&zip, &ranklab.path("images"));
    let class = ranklab.path("images/cell_images/Parasitized");
    for path in sorted(&class) {
        fs::rename(&path, path.with_extension("heic")).unwrap();
    }
    let error = failed(&ranklab.run(&["data", "manifest", "images"]));
    assert!(
        error.contains(
            "0 images of class Parasitized and 20 images of class Uninfected; 20 files are of other types"
        ),
        "{error}"
    );
    fs::rename(&class, ranklab.path("images/cell_images/infected")).unwrap();
    let error = failed(&ranklab.run(&["data", "manifest", "images"]));
    assert!(
        error.contains("add images of the class Parasitized, or give the names of both classes"),
        "{error}"
    );
    assert!(error.contains("`positive=` and `negative=`"), "{error}");
    // Names with backslashes are those of folders.
    let mut other = ZipWriter::new(File::create(ranklab.path("backslashes.zip")).unwrap());
    let mut archive = ZipArchive::new(File::open(&zip).unwrap()).unwrap();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let name = entry.name().unwrap().replace('/', "\\");
        other.start_file(name, SimpleFileOptions::default()).unwrap();
        std::io::copy(&mut entry, &mut other).unwrap();
    }
    other.finish().unwrap();
    let zip = zip.to_str().unwrap().to_owned();
    assert_eq!(hash_of(&ranklab, "backslashes.zip"), hash_of(&ranklab, &zip));
}
