//! What killed processes leave among images and manifests, and signals that come while images are read.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Child,
    time::{Duration, Instant},
};

use crate::{
    command::{Ranklab, failed, succeeded},
    disturbance::{await_of, await_that, errors, send},
};

/// What is written aside in a folder.
fn parts(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "part")).collect()
}

/// So many images that generating them takes minutes.
const MANY: [&str; 6] = ["data", "synthetic", "--images", "200000", "--seed", "7"];

/// A process that generates images and has written some of them.
fn generating(ranklab: &Ranklab) -> Child {
    let before = parts(&ranklab.path("data"));
    let mut child = ranklab.start(&MANY);
    await_of(&mut child, "generated images", |_| {
        let mut written = parts(&ranklab.path("data")).into_iter().filter(|part| !before.contains(part));
        written.any(|part| fs::metadata(part).is_ok_and(|part| part.len() > 1 << 20))
    });
    child
}

#[test]
fn what_a_killed_process_wrote_of_images_and_manifests_is_cleared_and_what_another_writes_stays() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&[]));
    let (data, manifests) = (ranklab.path("data"), ranklab.path("runs/manifests"));
    let mut killed = generating(&ranklab);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let [left] = parts(&data).try_into().unwrap();
    let half = manifests.join(".ranklab-a1b2c3.part");
    fs::write(&half, "PAR1 half").unwrap();
    // A sign that somebody's own file is not taken for one.
    fs::write(data.join("mine.part"), "mine").unwrap();
    let said = ranklab.stdout(&["runs", "gc"]);
    for path in [&left, &half] {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(said.contains(name) && said.contains("half-written by a process that was killed"), "{said}");
    }
    assert!(!said.contains("mine.part"), "{said}");
    // A process that lives keeps its part, whoever clears up beside it.
    let mut alive = generating(&ranklab);
    let mut written = parts(&data);
    written.retain(|part| !part.ends_with("mine.part"));
    assert_eq!(written.len(), 1, "the next process did not clear up: {written:?}");
    assert_ne!(written[0], left);
    let said = ranklab.stdout(&["runs", "gc", "--yes"]);
    assert!(!half.exists() && written[0].exists(), "{said}");
    ranklab.stdout(&["data", "synthetic", "--images", "40"]);
    assert!(written[0].exists(), "the part of a process that writes was removed");
    // One that is stopped clears up by itself.
    send("-INT", &alive);
    assert_eq!(alive.wait().unwrap().code(), Some(130));
    assert_eq!(parts(&data), [data.join("mine.part")]);
}

/// A folder of images that take long to decode all together, each of its own content.
fn slow_images(ranklab: &Ranklab) {
    let png = ranklab_data::encode_png(&vec![200; 1024 * 1024 * 3], 1024).unwrap();
    for (number, class) in (0..2000).flat_map(|number| [(number, "Parasitized"), (number, "Uninfected")]) {
        let folder = ranklab.path("slow").join(class);
        fs::create_dir_all(&folder).unwrap();
        let own = [&png[..], format!("{class}{number}").as_bytes()].concat();
        fs::write(folder.join(format!("C{number}P1_{number}.png")), own).unwrap();
    }
}

#[test]
fn a_signal_while_images_are_read_or_generated_ends_every_command_at_once() {
    let ranklab = Ranklab::new();
    slow_images(&ranklab);
    let sweep = ["sweep", "dataset=slow", "weights=random", "rank=1", "epochs=1"];
    let generate = ["sweep", "dataset=synthetic", "images=200000", "weights=random", "rank=1"];
    for (arguments, signal, code, said) in [
        (&["data", "manifest", "slow"][..], "-INT", 130, "interrupted by SIGINT before all images were read"),
        (&sweep, "-TERM", 143, "interrupted by SIGTERM while images were read"),
        (&generate, "-INT", 130, "interrupted by SIGINT while images were read"),
        (&MANY, "-TERM", 143, "interrupted by SIGTERM before all images were generated"),
    ] {
        let child = ranklab.start(arguments);
        // It listens from its first moment on.
        let listens = || {
            let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:\t"));
            caught.is_none_or(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & 2 != 0)
        };
        if cfg!(target_os = "linux") {
            await_that("the process to listen", listens);
        }
        std::thread::sleep(Duration::from_millis(200));
        send(signal, &child);
        let sent = Instant::now();
        let output = child.wait_with_output().unwrap();
        // A fraction of a second where nothing else runs.
        assert!(sent.elapsed() < Duration::from_secs(10), "{arguments:?} took {:?}", sent.elapsed());
        assert_eq!(output.status.code(), Some(code), "{}", errors(&output));
        assert!(errors(&output).contains(said), "{arguments:?}: {}", errors(&output));
    }
    assert!(parts(&ranklab.path("data")).is_empty() && parts(&ranklab.path("runs/manifests")).is_empty());
}

#[test]
fn a_fetch_from_a_silent_server_ends_at_a_signal_and_leaves_nothing_that_is_of_no_use() {
    let ranklab = Ranklab::new();
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/cells.zip", server.local_addr().unwrap());
    let child = ranklab.start(&["data", "fetch", &url, "--any"]);
    let (connection, _) = server.accept().unwrap();
    send("-INT", &child);
    let output = child.wait_with_output().unwrap();
    drop(connection);
    assert_eq!(output.status.code(), Some(130), "{}", errors(&output));
    assert!(
        errors(&output).contains("interrupted by SIGINT before the file was fetched"),
        "{}",
        errors(&output)
    );
    assert_eq!(fs::read_dir(ranklab.path("data")).unwrap().count(), 0);
}

#[test]
fn two_fetches_of_one_file_do_not_mix_and_the_second_says_so() {
    let ranklab = Ranklab::new();
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/cells.zip", server.local_addr().unwrap());
    let mut first = ranklab.start(&["data", "fetch", &url, "--any"]);
    let (connection, _) = server.accept().unwrap();
    let error = failed(&ranklab.run(&["data", "fetch", &url, "--any"]));
    assert!(error.contains("is being fetched by another process: wait for it"), "{error}");
    first.kill().unwrap();
    first.wait().unwrap();
    drop(connection);
    // What the killed one left blocks no other.
    fs::write(ranklab.path("other.zip"), b"PK\x03\x04 and so on").unwrap();
    succeeded(&ranklab.run(&["data", "fetch", "other.zip", "--any"]));
    let names: Vec<_> =
        fs::read_dir(ranklab.path("data")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names, ["cell_images.zip"]);
}
