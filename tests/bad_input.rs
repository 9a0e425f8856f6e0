//! Bad input of every kind ends with one clear line and a non-zero exit code.

use std::{fs, io::Write};

use crate::{
    command::{Ranklab, cut, failed, succeeded},
    snapshots::{assert_snapshot, message},
};

/// Generated images as a zip of the official layout.
fn generate(ranklab: &Ranklab) -> std::path::PathBuf {
    let said = ranklab.stdout(&["data", "synthetic", "--images", "40", "--patients", "4"]);
    ranklab.path(said.split(" (SYNTHETIC)").next().unwrap())
}

#[test]
fn wrong_settings_are_named_with_what_would_fit() {
    let ranklab = Ranklab::new();
    let settings = [
        "rank=0",
        "rank=abc",
        "jobs=0",
        "jobs=many",
        "layers=block9",
        "rnak=5",
        "wholly_unknown=1",
        "epochs=0",
        "lr=-1",
        "image_size=50",
        "device=abacus",
        "split=patient,fold=1",
        "fold=7",
        "margin=0",
        "looks=0",
        "baseline=model_9",
        "tune=rank",
    ];
    let text: String = settings.iter().map(|setting| message(&ranklab, &["sweep", setting])).collect();
    assert_snapshot("wrong_settings", &text);
    assert!(!ranklab.path("runs").exists(), "a refused sweep left something behind");
}

#[test]
fn an_experiment_file_with_an_unknown_key_is_refused_by_name() {
    let ranklab = Ranklab::new();
    fs::write(ranklab.path("x.toml"), "[training]\nepoch = 3\n").unwrap();
    let error = failed(&ranklab.run(&["sweep", "-e", "x.toml"]));
    assert!(
        error.contains("unknown key `training.epoch` in x.toml: did you mean `training.epochs`?"),
        "{error}"
    );
    assert!(failed(&ranklab.run(&["sweep", "-e", "absent.toml"])).contains("absent.toml"));
}

#[test]
fn without_images_or_weights_the_error_says_how_to_get_them() {
    let ranklab = Ranklab::new();
    let error = failed(&ranklab.run(&["sweep", "weights=random", "-q"]));
    assert!(error.contains("no images at") && error.contains("ranklab data fetch"), "{error}");
    let error = failed(&ranklab.run(&["sweep", "dataset=synthetic", "-q"]));
    assert!(error.contains("no trunk weights at") && error.contains("ranklab weights fetch"), "{error}");
    let error = failed(&Ranklab::new().run(&["report"]));
    assert!(error.contains("run `ranklab sweep` first"), "{error}");
}

#[test]
fn a_truncated_zip_is_told_from_a_whole_one() {
    let ranklab = Ranklab::new();
    let whole = generate(&ranklab);
    cut(&whole, &ranklab.path("half.zip"), 0.5);
    let error = failed(&ranklab.run(&["sweep", "dataset=half.zip", "weights=random", "-q"]));
    assert!(
        error.contains("half.zip is not a whole zip file") && error.contains("fetch it again"),
        "{error}"
    );
}

#[test]
fn a_png_cut_in_half_and_a_duplicate_are_left_out_by_name_and_counted() {
    let ranklab = Ranklab::new();
    let zip = generate(&ranklab);
    zip::ZipArchive::new(fs::File::open(zip).unwrap()).unwrap().extract(ranklab.path("images")).unwrap();
    let folder = ranklab.path("images/cell_images/Parasitized");
    let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    cut(&names[0].clone(), &names[0], 0.5);
    fs::copy(&names[1], folder.join("C9P9thinF_copy.png")).unwrap();
    fs::remove_file(ranklab.path("images/cell_images/SYNTHETIC.txt")).unwrap();
    let output = ranklab.run(&[
        "sweep",
        "dataset=images",
        "weights=random",
        "image_size=32",
        "epochs=1",
        "batch=8",
        "rank=1",
        "test_fraction=0.2",
        "validation_fraction=0.2",
    ]);
    succeeded(&output);
    let notes = String::from_utf8_lossy(&output.stderr).into_owned();
    let cut_name = names[0].file_name().unwrap().to_str().unwrap();
    assert!(notes.contains(cut_name) && notes.contains("it is unreadable"), "{notes}");
    assert!(notes.contains("it holds the same bytes as"), "{notes}");
    let counts = ranklab.stdout(&[
        "query",
        "select images, unreadable_images, duplicate_images, synthetic from runs",
        "--format",
        "csv",
    ]);
    assert_eq!(counts.lines().nth(1), Some("39,1,1,0"));
}

#[test]
fn a_weights_file_with_a_wrong_hash_is_refused() {
    let ranklab = Ranklab::new();
    fs::create_dir(ranklab.path("data")).unwrap();
    let path = ranklab.path("data/vgg16_imagenet.safetensors");
    ranklab_zoo::weights::TrunkWeights::random(7).save(&path).unwrap();
    // Whole, but not the ImageNet trunk.
    let error = failed(&ranklab.run(&["sweep", "dataset=synthetic", "-q"]));
    assert!(error.contains("wrong hash") && error.contains("it is not the ImageNet trunk"), "{error}");
    let error = failed(&ranklab.run(&["weights", "fetch", "data/vgg16_imagenet.safetensors"]));
    assert!(error.contains("wrong hash"), "{error}");
    // One bit flipped.
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = failed(&ranklab.run(&["weights", "show"]));
    assert!(error.contains("it is damaged or was changed"), "{error}");
}

#[test]
fn images_without_a_group_are_not_split_by_patient() {
    let ranklab = Ranklab::new();
    let zip = generate(&ranklab);
    zip::ZipArchive::new(fs::File::open(zip).unwrap()).unwrap().extract(ranklab.path("images")).unwrap();
    let folder = ranklab.path("images/cell_images/Parasitized");
    let first = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    fs::rename(first, folder.join("cell_7.png")).unwrap();
    let sweep =
        ["sweep", "dataset=images", "weights=random", "image_size=32", "epochs=1", "batch=8", "rank=1"];
    let error = failed(&ranklab.run(&[&sweep[..], &["split=patient", "folds=2"]].concat()));
    let expected = "1 of 40 images have no group, cell_images/Parasitized/cell_7.png first";
    assert!(error.contains(expected) && error.contains("or split=random"), "{error}");
    assert_eq!(ranklab.value("select count(*) from runs"), "0");
    succeeded(&ranklab.run(&[&sweep[..], &["test_fraction=0.2", "validation_fraction=0.2"]].concat()));
}

#[cfg(unix)]
#[test]
fn arguments_that_are_no_text_are_used_as_they_are() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};
    let ranklab = Ranklab::new();
    let mut command = ranklab.command(&Ranklab::sweep_arguments(&["rank=1"]));
    let folder = OsStr::from_bytes(b"d\xffta");
    succeeded(&command.arg("--data-folder").arg(folder).output().unwrap());
    assert!(ranklab.folder.path().join(folder).exists());
    assert_eq!(ranklab.value("select instr(command, 'd\u{fffd}ta') > 0 from sweeps"), "1");
}

#[test]
fn a_runs_folder_that_cannot_be_written_is_one_clear_error() {
    let ranklab = Ranklab::new();
    // A file where the folder should be stops everyone, root included.
    fs::File::create(ranklab.path("runs")).unwrap().write_all(b"x").unwrap();
    let error = failed(&ranklab.sweep(&[]));
    assert!(error.contains("cannot create the folder runs"), "{error}");
    // A folder without write permission stops everyone but root.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let folder = ranklab.path("closed");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
        if fs::write(folder.join("probe"), "").is_err() {
            let error = failed(&ranklab.sweep(&["--runs-folder", "closed"]));
            assert!(error.contains("closed") && error.contains("writable"), "{error}");
        }
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn a_failing_trial_does_not_stop_the_others() {
    let ranklab = Ranklab::new();
    let output = ranklab.sweep(&["lr=1e38,0.005", "rank=1"]);
    let error = failed(&output);
    assert!(error.contains("lr=") && error.contains("training diverged"), "{error}");
    let states = ranklab.stdout(&[
        "query",
        "select status, count(*) from runs group by status order by 1",
        "--format",
        "csv",
    ]);
    assert_eq!(states.lines().skip(1).collect::<Vec<_>>(), ["diverged,1", "finished,1"]);
}

/// Makes something at a path.
#[cfg(unix)]
type Making<'a> = &'a dyn Fn(&std::path::Path);

#[cfg(unix)]
#[test]
fn what_is_no_file_in_place_of_the_database_is_named_and_not_waited_for() {
    let make: [(&str, Making<'_>); 3] = [
        ("a folder", &|path| fs::create_dir(path).unwrap()),
        ("no regular file", &|path| {
            assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
        }),
        ("a link that leads to no file", &|path| std::os::unix::fs::symlink("ranklab.db", path).unwrap()),
    ];
    for (is, make) in make {
        let ranklab = Ranklab::new();
        // Two blanks are shown as two.
        fs::create_dir(ranklab.path("a  b")).unwrap();
        make(&ranklab.path("a  b/ranklab.db"));
        let sweep = Ranklab::sweep_arguments(&["rank=1"]);
        for command in [&["runs"][..], &["query", "select 1"], &["report"], &sweep] {
            let error = failed(&ranklab.run(&[command, &["--runs-folder", "a  b"]].concat()));
            let expected = format!("the runs database a  b/ranklab.db is {is}; move it away");
            assert!(error.contains(&expected), "{command:?}: {error}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_limit_on_the_size_of_files_is_an_error_that_names_the_file_and_loses_nothing() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1"]));
    let output = std::process::Command::new("bash")
        .args(["-c", "ulimit -f 600; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_ranklab")])
        .args(Ranklab::sweep_arguments(&["rank=2", "jobs=1"]))
        .current_dir(ranklab.folder.path())
        .env_remove("RANKLAB_DATA")
        .output()
        .unwrap();
    let error = failed(&output);
    assert!(error.contains("File too large") && error.contains("runs/"), "{error}");
    succeeded(&ranklab.sweep(&["rank=2"]));
    assert_eq!(ranklab.value("select count(*) from runs where status = 'finished'"), "2");
}

#[test]
fn a_query_cannot_change_the_database() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1"]));
    let error = failed(&ranklab.run(&["query", "delete from runs"]));
    assert!(error.contains("read"), "{error}");
    assert!(failed(&ranklab.run(&["query", "selec 1"])).contains("selec"));
    // A misspelt column in quotes is no text.
    let error = failed(&ranklab.run(&["query", "select \"acuracy\" from runs"]));
    assert!(error.contains("acuracy"), "{error}");
}
