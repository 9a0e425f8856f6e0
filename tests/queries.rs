//! Answers of any size: they stream, in bounded memory, and end with their reader.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read},
    process::{ChildStdout, Command},
};

use crate::{
    command::{Ranklab, failed, succeeded},
    disturbance::errors,
};

const MILLION: &str = "with recursive n(i) as (select 1 union all select i + 1 from n limit 1000000)
    select i, 'a text of some length ' || i as text, i / 7.0 as real from n";
/// MiB that a query may take; an answer of a million rows held whole took 1,400.
const ENOUGH: u64 = 300;

/// The most memory that a process has had, in MiB.
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() >> 10
}

/// Reads most of an answer, looks at the memory of the process, which waits for its reader by then, and reads the rest.
/// Returns the bytes and the memory.
fn read_and_measure(ranklab: &Ranklab, arguments: &[&str], most: u64) -> (u64, u64) {
    let mut child = ranklab.start(arguments);
    let mut output = child.stdout.take().unwrap();
    let read = |output: &mut ChildStdout, bytes| {
        std::io::copy(&mut output.take(bytes), &mut std::io::sink()).unwrap()
    };
    let first = read(&mut output, most);
    assert_eq!(first, most, "{arguments:?} ended early");
    let memory = peak(child.id());
    let bytes = first + read(&mut output, u64::MAX);
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), errors(&ended).as_str()), (Some(0), ""), "{arguments:?}");
    (bytes, memory)
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_of_any_size_takes_bounded_memory_in_every_format() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1"]));
    let large = "with recursive n(i) as (select 1 union all select i + 1 from n limit 20)
        select i, hex(zeroblob(10000000)) as text, zeroblob(10000000) as bytes from n";
    for (sql, format, most) in [
        (MILLION, "csv", 40_000_000),
        (MILLION, "json", 90_000_000),
        (MILLION, "table", 50_000_000),
        (large, "csv", 600_000_000),
        (large, "table", 200_000),
    ] {
        let (bytes, memory) = read_and_measure(&ranklab, &["query", sql, "--format", format], most);
        assert!(bytes > most && memory < ENOUGH, "{format}: {bytes} bytes, {memory} MiB");
    }
}

#[test]
fn a_query_ends_when_its_reader_has_read_enough() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1"]));
    let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select i from n";
    for format in ["table", "csv", "json"] {
        let mut child = ranklab.start(&["query", endless, "--format", format]);
        let lines: Vec<String> =
            BufReader::new(child.stdout.take().unwrap()).lines().take(2).map(Result::unwrap).collect();
        assert_eq!(lines.len(), 2);
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), errors(&output).as_str()), (Some(0), ""), "{format}");
    }
}

#[test]
fn rows_before_an_error_arrive_and_the_error_is_one_line() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1"]));
    let fails = "with n(i) as (values (7), (-9223372036854775808)) select abs(i) as x from n";
    for (format, expected) in [("csv", "x\n7\n"), ("json", "[\n  {\n    \"x\": 7\n  }")] {
        let output = ranklab.run(&["query", fails, "--format", format]);
        assert_eq!(failed(&output), "error: cannot run the query: integer overflow");
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    }
}

#[cfg(unix)]
#[test]
fn a_statement_that_would_write_a_file_writes_none_whatever_stands_before_it() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1"]));
    for sql in
        ["\u{feff}VACUUM INTO 'copy.db'", "\u{feff}/**/;attach 'copy.db' as a", "pragma journal_mode=delete"]
    {
        let line = failed(&ranklab.run(&["query", sql]));
        assert!(line.ends_with("is open for reading only: only queries that read are allowed"), "{line}");
        assert!(!ranklab.path("copy.db").exists());
    }
    assert_eq!(ranklab.value("pragma journal_mode"), "wal");
    // Nor from a folder that cannot be written.
    let mode = |mode: &str| {
        assert!(
            Command::new("chmod")
                .args([mode, "runs"])
                .current_dir(ranklab.folder.path())
                .status()
                .unwrap()
                .success()
        )
    };
    mode("555");
    let output = ranklab.run(&["query", "select count(*) from runs", "--format", "csv"]);
    mode("755");
    assert_eq!(succeeded(&output), "count(*)\n1\n");
}
