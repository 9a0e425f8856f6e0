//! Settings mean what they say: values, paths, names, limits, and what is wrong with them all at once.

use std::{fs, path::Path, process::Output};

use crate::{
    command::{Ranklab, failed, first_line, succeeded},
    snapshots::{assert_snapshot, message, messages},
};

/// All error lines of a command that must have failed.
fn errors(output: &Output) -> Vec<String> {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    stderr.lines().filter_map(|line| line.strip_prefix("error: ")).map(str::to_owned).collect()
}

/// Generated images of a seed in a folder called `images`.
fn generate(ranklab: &Ranklab, place: &str, seed: &str) {
    let said = ranklab.stdout(&["data", "synthetic", "--images", "60", "--patients", "6", "--seed", seed]);
    let zip = ranklab.path(said.split(" (SYNTHETIC)").next().unwrap());
    let folder = ranklab.path(place);
    fs::create_dir_all(&folder).unwrap();
    zip::ZipArchive::new(fs::File::open(zip).unwrap()).unwrap().extract(folder.join("images")).unwrap();
}

/// A small sweep in a folder of the test's, whose runs lie in `runs` beside it.
fn sweep_in(ranklab: &Ranklab, place: &str, arguments: &[&str]) -> Output {
    let arguments = match arguments {
        ["--resume"] => vec!["sweep", "--resume"],
        more => Ranklab::sweep_arguments(&[&["dataset=images", "jobs=1"], more].concat()),
    };
    let mut command = ranklab.command(&arguments);
    command.args(["--runs-folder", "../runs"]).current_dir(ranklab.path(place));
    command.output().unwrap()
}

#[test]
fn values_that_would_be_taken_for_something_else_are_refused_with_what_was_meant() {
    let ranklab = Ranklab::new();
    let mut text = messages(
        &ranklab,
        &[
            &["sweep", "weight_decay=0,01"],
            &["sweep", "lr=1,5e-3"],
            &["sweep", "lr=2,5e-4"],
            &["sweep", "head_dropout=0,3"],
            &["sweep", "limit=3,000"],
            &["sweep", "lr=1e-50"],
            &["sweep", "alpha=1e40"],
            &["sweep", "lr=0.1", "learning_rate=0.2"],
            &["sweep", "data.image_size=64", "image_size=96"],
            &["sweep", "jobs=2", "jobs=3"],
            &["sweep", "rank="],
        ],
    );
    for file in [
        "[sweep]\nlr = [0.1]\nlearning_rate = [0.2]\n",
        "[training]\nseed = 1\n[sweep]\nseed = [1, 2]\n",
        "[sweep]\nrank = []\n",
    ] {
        fs::write(ranklab.path("x.toml"), file).unwrap();
        text += &format!("{file}{}", message(&ranklab, &["sweep", "-e", "x.toml"]));
    }
    assert_snapshot("refused_values", &text);
}

#[test]
fn a_path_is_one_value_with_all_its_commas_and_spaces() {
    let ranklab = Ranklab::new();
    let said = ranklab.stdout(&["data", "synthetic", "--images", "60", "--patients", "6"]);
    let zip = ranklab.path(said.split(" (SYNTHETIC)").next().unwrap());
    for folder in ["a,b ", " c"] {
        fs::create_dir(ranklab.path(folder)).unwrap();
        fs::copy(&zip, ranklab.path(folder).join("cell_images.zip")).unwrap();
    }
    let small = Ranklab::sweep_arguments(&["rank=1"]);
    let small: Vec<&str> = small.into_iter().filter(|setting| !setting.starts_with("dataset")).collect();
    succeeded(&ranklab.run(&[&small[..], &["--data-folder", "a,b "]].concat()));
    let plan = |more: &[&str]| ranklab.stdout(&[&small[..], more, &["--dry-run", "--json"]].concat());
    for (settings, trials) in [
        (&["dataset=a,b /cell_images.zip"][..], 1),
        (&["dataset=a,b /cell_images.zip", "dataset= c/cell_images.zip"], 2),
    ] {
        let plan: serde_json::Value = serde_json::from_str(&plan(settings)).unwrap();
        assert_eq!(plan["trials"].as_array().unwrap().len(), trials);
        let dataset = plan["trials"][0]["config"]["data"]["dataset"].as_str().unwrap();
        assert_eq!(Path::new(dataset), ranklab.path("a,b /cell_images.zip"));
    }
    fs::write(
        ranklab.path("x.toml"),
        "[sweep]\ndataset = [\"a,b /cell_images.zip\", \" c/cell_images.zip\"]\n",
    )
    .unwrap();
    let plan: serde_json::Value = serde_json::from_str(&plan(&["-e", "x.toml"])).unwrap();
    assert_eq!(plan["trials"].as_array().unwrap().len(), 2);
    let error = failed(&ranklab.run(&[&small[..], &["dataset=data,data"]].concat()));
    assert!(error.contains("a path is one value; to give several, repeat the key"), "{error}");
}

#[test]
fn a_sweep_resumed_from_another_folder_trains_the_same_images() {
    let ranklab = Ranklab::new();
    generate(&ranklab, "one", "0");
    // Other images of the same relative name.
    generate(&ranklab, "two", "1");
    fs::create_dir(ranklab.path("empty")).unwrap();
    succeeded(&sweep_in(&ranklab, "one", &["rank=1,2"]));
    succeeded(&ranklab.run(&["runs", "rm", "2", "--yes"]));
    for (place, trained) in [("two", 1), ("empty", 0)] {
        let said = succeeded(&sweep_in(&ranklab, place, &["--resume"]));
        assert_eq!(
            first_line(&said),
            format!("sweep 1: {trained} trained, {} finished before, 0 failed\n", 2 - trained)
        );
    }
    assert_eq!(ranklab.value("select count(distinct image_set_hash) from runs"), "1");
    succeeded(
        &ranklab
            .command(&["verify", "1", "--runs-folder", "../runs"])
            .current_dir(ranklab.path("empty"))
            .output()
            .unwrap(),
    );
    let report = ranklab
        .command(&["report", "--runs-folder", "../runs"])
        .current_dir(ranklab.path("two"))
        .output()
        .unwrap();
    let said = succeeded(&report);
    let page = fs::read_to_string(ranklab.path("two").join(said.lines().next().unwrap())).unwrap();
    assert!(!page.contains("are not shown"), "pictures are missing");
    // The plain command trains what it finds.
    let said = succeeded(&sweep_in(&ranklab, "two", &["rank=1,2"]));
    assert_eq!(first_line(&said), "sweep 2: 2 trained, 0 finished before, 0 failed\n");
}

#[test]
fn a_sweep_is_not_resumed_on_other_images_than_its_own() {
    let ranklab = Ranklab::new();
    generate(&ranklab, "one", "0");
    generate(&ranklab, "two", "1");
    succeeded(&sweep_in(&ranklab, "one", &["rank=1,2"]));
    let before = ranklab.value("select image_set_hash from runs where id = 1");
    fs::rename(ranklab.path("one/images"), ranklab.path("one/kept")).unwrap();
    fs::rename(ranklab.path("two/images"), ranklab.path("one/images")).unwrap();
    let error = failed(&sweep_in(&ranklab, "one", &["--resume"]));
    assert!(error.contains(&format!("had the hash {} for run 1 and now have ", &before[..16])), "{error}");
    assert!(error.contains("or repeat its command without --resume"), "{error}");
    assert_eq!(
        ranklab.value("select count(*) from trials t join runs r on r.config_hash = t.config_hash"),
        "2"
    );
    let said = succeeded(&sweep_in(&ranklab, "one", &["rank=1,2"]));
    assert_eq!(first_line(&said), "sweep 1: 2 trained, 0 finished before, 0 failed\n");
    let said = succeeded(&sweep_in(&ranklab, "one", &["--resume"]));
    assert_eq!(first_line(&said), "sweep 1: 0 trained, 2 finished before, 0 failed\n");
}

#[test]
fn a_relative_path_of_an_earlier_version_is_looked_for_beside_the_runs_folder_and_here() {
    let ranklab = Ranklab::new();
    generate(&ranklab, "one", "0");
    generate(&ranklab, "two", "1");
    succeeded(&sweep_in(&ranklab, "one", &["rank=1"]));
    let absolute = ranklab.path("one/images");
    let relative = |table: &str| {
        format!("update {table} set config = replace(config, '{}', 'images')", absolute.display())
    };
    ranklab.write(&relative("runs"));
    ranklab.write(&relative("trials"));
    // From the folder of its command; nothing of that name lies beside the runs folder.
    let output = sweep_in(&ranklab, "one", &["--resume"]);
    assert_eq!(first_line(&succeeded(&output)), "sweep 1: 0 trained, 1 finished before, 0 failed\n");
    let notes = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        notes.contains(&format!(
            "dataset images was recorded without its folder; using {}",
            absolute.display()
        )),
        "{notes}"
    );
    ranklab.write(&relative("trials"));
    let error = failed(&sweep_in(&ranklab, "two", &["--resume"]));
    assert!(error.contains("had the hash") && error.contains("two/images"), "{error}");
    fs::create_dir(ranklab.path("empty")).unwrap();
    let error = failed(&sweep_in(&ranklab, "empty", &["--resume"]));
    for place in [ranklab.path("images"), ranklab.path("empty/images")] {
        assert!(error.contains(&place.display().to_string()), "{error}");
    }
    // Beside the runs folder it is found from anywhere.
    fs::rename(ranklab.path("one/images"), ranklab.path("images")).unwrap();
    let said = succeeded(&sweep_in(&ranklab, "two", &["--resume"]));
    assert_eq!(first_line(&said), "sweep 1: 0 trained, 1 finished before, 0 failed\n");
}

#[test]
fn a_renamed_experiment_has_its_new_name_and_command_and_costs_no_number() {
    let ranklab = Ranklab::new();
    for name in ["ranks of spring", "ranks of summer", "ranks of autumn"] {
        fs::write(ranklab.path("x.toml"), format!("name = \"{name}\"\n[sweep]\nrank = [1, 2]\n")).unwrap();
        succeeded(&ranklab.sweep(&["-e", "x.toml", "jobs=2"]));
        assert_eq!(ranklab.value("select id, name from sweeps"), format!("1,{name}"));
    }
    succeeded(&ranklab.sweep(&["-e", "x.toml", "jobs=3"]));
    assert_eq!(ranklab.value("select command like '%jobs=3' from sweeps"), "1");
    let said = ranklab.stdout(&["report", "--no-pictures"]);
    let markdown = fs::read_to_string(ranklab.path(said.lines().nth(1).unwrap())).unwrap();
    assert!(markdown.contains("ranks of autumn") && !markdown.contains("spring"), "{markdown}");
    succeeded(&ranklab.sweep(&["rank=7"]));
    assert_eq!(ranklab.value("select max(id) from sweeps"), "2");
}

#[test]
fn all_bad_settings_are_said_at_once_a_line_each() {
    let ranklab = Ranklab::new();
    fs::write(ranklab.path("x.toml"), "[training]\nepochs = 0\nepoch = 1\n").unwrap();
    let said = errors(&ranklab.run(&["sweep", "-e", "x.toml", "rank=0", "fold=9", "lr=-1", "jobs=x"]));
    for expected in ["epochs: `0`", "`training.epoch`", "rank: `0`", "fold is 9", "lr: `-1`", "jobs: `x`"] {
        assert_eq!(said.iter().filter(|line| line.contains(expected)).count(), 1, "{expected}: {said:?}");
    }
    assert_eq!(said.len(), 6, "{said:?}");
    let missing = ["sweep", "dataset=nowhere", "weights=nothing.safetensors", "device=tch,flex"];
    for arguments in [&missing[..], &[&missing[..], &["--dry-run"]].concat()] {
        let said = errors(&ranklab.run(arguments));
        for expected in ["device: this build lacks `tch`", "nowhere", "nothing.safetensors"] {
            assert!(said.iter().any(|line| line.contains(expected)), "{expected}: {said:?}");
        }
        assert_eq!(said.len(), 3, "{said:?}");
    }
    assert!(!ranklab.path("runs").exists());
}

#[test]
fn the_limits_that_are_listed_are_those_that_hold() {
    let ranklab = Ranklab::new();
    let keys = ranklab.stdout(&["sweep", "--keys"]);
    let fits = |setting: &str| {
        let mut settings = vec!["sweep", "--dry-run", "dataset=synthetic", "weights=random", setting];
        if ["workers", "cpus"].iter().any(|key| setting.starts_with(key)) {
            settings.extend(["--on", "slurm"]);
        }
        ranklab.run(&settings).status.success()
    };
    let mut checked = 0;
    for line in keys.lines().filter(|line| line.starts_with("  ")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        // `limit data.limit a whole number from 20 to 10000000, or none`
        let Some(from) = words.iter().position(|word| *word == "from").filter(|_| words.len() > 3) else {
            continue;
        };
        let number =
            |word: Option<&&str>| word.and_then(|word| word.trim_end_matches(',').parse::<i128>().ok());
        let step = words
            .iter()
            .position(|word| *word == "multiple")
            .map_or(1, |at| number(words.get(at + 2)).unwrap());
        let (key, Some(least)) = (words[0], number(words.get(from + 1))) else { continue };
        if ["jobs", "rank", "fold"].contains(&key) || !words.contains(&"whole") && step == 1 {
            continue;
        }
        assert!(fits(&format!("{key}={least}")), "{key}={least}");
        assert!(!fits(&format!("{key}={}", least - step)), "{key} is below its limit");
        if words.get(from + 2) == Some(&"to") {
            let most = number(words.get(from + 3)).unwrap();
            assert!(fits(&format!("{key}={most}")), "{key}={most}");
            assert!(!fits(&format!("{key}={}", most + step)), "{key} is above its limit");
        }
        checked += 1;
    }
    assert!(checked >= 9, "{checked} of {keys}");
    assert!(keys.contains("a multiple of 32 from 32 to 512") && !fits("image_size=50"), "{keys}");
}

#[test]
fn axes_multiply_in_the_order_of_the_file() {
    let ranklab = Ranklab::new();
    fs::write(ranklab.path("x.toml"), "[sweep]\nseed = [1, 2]\nrank = [4, 8]\nlr = [0.1]\nbatch = [8, 16]\n")
        .unwrap();
    let plan = ranklab.stdout(&["sweep", "-e", "x.toml", "--dry-run", "dataset=synthetic", "weights=random"]);
    let labels: Vec<&str> =
        plan.lines().skip(1).map(|line| line.trim().splitn(5, ' ').last().unwrap()).collect();
    let expected = [(4, 8), (4, 16), (8, 8)]
        .map(|(rank, batch)| format!("model_5 · block5 · rank {rank} · seed=1 batch={batch}"));
    assert_eq!(labels[..3], expected);
    assert!(plan.starts_with("x: 8 trials"), "{plan}");
}

#[test]
fn what_a_plan_says_and_probably_does_not_mean_is_noted() {
    let ranklab = Ranklab::new();
    for (settings, expected) in [
        (&["preset=peft", "rank=1,64"][..], "scale alpha/rank falls from 8 at rank 1 to 0.125 at rank 64"),
        (&["layers=block1", "rank=100"], "rank 100 is above the full rank of block1_conv1, 27"),
    ] {
        let output =
            ranklab.run(&[&["sweep", "--dry-run", "dataset=synthetic", "weights=random"], settings].concat());
        succeeded(&output);
        assert!(String::from_utf8_lossy(&output.stderr).contains(expected), "{output:?}");
    }
    let output = ranklab.sweep(&["preset=peft", "rank=2,4"]);
    succeeded(&output);
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("falls from 4 at rank 2 to 2 at rank 4, 2-fold")
    );
}

#[test]
fn a_query_may_begin_with_a_comment() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1"]));
    for sql in ["-- how many\nselect count(*) as runs from runs", "--x\nselect count(*) as runs from runs"] {
        assert_eq!(ranklab.stdout(&["query", sql, "--format", "csv"]), "runs\n1\n");
        assert_eq!(ranklab.stdout(&["query", "--format", "csv", sql]), "runs\n1\n");
    }
    assert!(ranklab.stdout(&["query", "--json", "select 1 as one"]).contains("\"one\""));
}

#[cfg(unix)]
#[test]
fn names_that_are_no_utf8_are_used_or_named_and_never_called_absent() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};
    let ranklab = Ranklab::new();
    generate(&ranklab, ".", "0");
    let class = ranklab.path("images/cell_images/Parasitized");
    let first = fs::read_dir(&class).unwrap().next().unwrap().unwrap().path();
    fs::rename(first, class.join(OsStr::from_bytes(b"C1P1thinF_caf\xe9.png"))).unwrap();
    let output = ranklab.sweep(&["dataset=images", "rank=1"]);
    succeeded(&output);
    assert_eq!(ranklab.value("select images, unreadable_images from runs"), "60,0", "{output:?}");
    let latin = OsStr::from_bytes(b"dataset=caf\xe9.zip");
    let mut command = ranklab.command(&["sweep", "--dry-run", "weights=random"]);
    let error = failed(&command.arg(latin).output().unwrap());
    assert!(error.contains(r"caf\xE9.zip") && error.contains("is not UTF-8 text"), "{error}");
    let mut command = ranklab.command(&["sweep", "--dry-run", "weights=random", "--data-folder"]);
    let error = failed(&command.arg(OsStr::from_bytes(b"d\xe9")).output().unwrap());
    assert!(error.contains(r"d\xE9/cell_images.zip") && error.contains("is not UTF-8 text"), "{error}");
    fs::write(ranklab.path("latin.toml"), b"name = \"caf\xe9\"\n").unwrap();
    let error = failed(&ranklab.run(&["sweep", "-e", "latin.toml"]));
    assert!(error.contains("latin.toml: line 1: it is not UTF-8 text"), "{error}");
}
