//! The report's page in a real browser. `just test-browser` installs what it needs and runs it.

mod database;

use std::{path::Path, process::Command};

use crate::command::{Ranklab, succeeded};

#[tokio::test]
#[ignore = "needs Node.js, Chromium and npm packages: just test-browser"]
async fn the_page_holds_in_a_browser() {
    let ranklab = Ranklab::new();
    std::fs::create_dir(ranklab.path("runs")).unwrap();
    database::write(&ranklab.path("runs/ranklab.db")).await;
    let written: serde_json::Value = serde_json::from_str(&ranklab.stdout(&["report", "--json"])).unwrap();
    let page = written["html"].as_str().unwrap();
    let checks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/browser/check.mjs");
    let output = Command::new("node")
        .arg(checks)
        .arg(ranklab.folder.path().join(page))
        .env("HOSTILE", database::HOSTILE)
        .output()
        .expect("Node.js is there: scripts/test-browser.sh installs it");
    let checked = succeeded(&output);
    print!("{checked}");
    // The program says at its end how many checks it made: none would be no test.
    let made = checked.lines().last().and_then(|line| line.split(' ').next()?.parse::<u32>().ok());
    assert!(made.is_some_and(|made| made >= 40), "{checked}");
}
