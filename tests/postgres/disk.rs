//! A server whose disk is full. It needs the right to mount; without it a test says so and stops.

use std::{fs, process::Command};

use super::{
    server::{Database, Server},
    sweeps::figures_in_a_file,
};
use crate::command::{Ranklab, failed, succeeded};

/// A tmpfs, which is unmounted with the test.
struct Mount(std::path::PathBuf);

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["-l"]).arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_of_the_server_is_one_line_and_with_room_the_sweep_goes_on() {
    let Some(server) = Server::start() else { return };
    let folder = server.folder().join("small");
    fs::create_dir(&folder).unwrap();
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"]).arg(&folder).output();
    if !mount.is_ok_and(|mount| mount.status.success()) {
        eprintln!("skipped: a tmpfs cannot be mounted here");
        return;
    }
    let mount = Mount(folder);
    server.give(&mount.0);
    let place = mount.0.display();
    super::server::run(
        &format!("{}/postgres", server.url()),
        &format!("CREATE TABLESPACE small LOCATION '{place}'"),
    );
    let sweep = ["rank=1,2", "epochs=6"];
    let expected = figures_in_a_file(&sweep);
    let database = Database::on(&server.url(), "TABLESPACE small");
    let ranklab = database.ranklab();
    let ballast = mount.0.join("ballast");
    let mut lines = Vec::new();
    // Without records first: a connection needs room for files of its own.
    succeeded(&ranklab.run(&[&Ranklab::sweep_arguments(&sweep)[..], &["--register"]].concat()));
    for kilobytes in [16, 64, 128, 256, 512] {
        fill(&ballast, &mount, kilobytes);
        let output = ranklab.sweep(&sweep);
        if output.status.success() {
            break;
        }
        let line = failed(&output);
        assert!(
            line.contains(&format!("{} has no space left on its server's disk", database.url())),
            "{line}"
        );
        assert!(line.ends_with("free some there and repeat the command"), "{line}");
        lines.push(line);
    }
    assert!(!lines.is_empty(), "the disk was never full");
    fs::remove_file(&ballast).unwrap();
    succeeded(&ranklab.sweep(&sweep));
    assert_eq!(ranklab.value("select count(*) from runs"), "2");
    assert!(ranklab.figures() == expected, "{lines:?}");
    eprintln!("{} sweeps ended on the server's full disk", lines.len());
    drop(database);
}

/// Leaves so much room.
fn fill(ballast: &std::path::Path, mount: &Mount, kilobytes: u64) {
    let _ = fs::remove_file(ballast);
    let free = Command::new("df").args(["--output=avail", "-k"]).arg(&mount.0).output().unwrap();
    let free: u64 = String::from_utf8(free.stdout).unwrap().lines().nth(1).unwrap().trim().parse().unwrap();
    fs::write(ballast, vec![1; 1024 * free.saturating_sub(kilobytes) as usize]).unwrap();
}
