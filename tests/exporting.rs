//! Exports: Parquet files that equal the database, an MLflow server that is away, refuses or fails, and Datasette's file.

mod mlflow_server;

use std::{fs, net::TcpListener, path::Path, thread::sleep, time::Instant};

use polars::prelude::{AnyValue, DataFrame, ParquetReader, SerReader as _};
use ranklab_store::{Store, Value, catalog::relations};

use crate::command::{Ranklab, failed, succeeded};

use self::mlflow_server::{Disturbance, Server};

fn trained(settings: &[&str]) -> Ranklab {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(settings));
    ranklab
}

/// All rows of a table or view.
fn rows(ranklab: &Ranklab, name: &str) -> Vec<Vec<Value>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open_read_only(&ranklab.path("runs/ranklab.db")).await.unwrap();
        store.query(&format!("select * from {name}")).await.unwrap().rows
    })
}

fn read(folder: &Path, name: &str) -> DataFrame {
    let file = fs::File::open(folder.join(format!("{name}.parquet"))).unwrap();
    ParquetReader::new(file).finish().unwrap()
}

/// Whether a value of a Parquet file is that of the database: columns that say whether something holds are 0 and 1 there.
fn is_same(found: &AnyValue<'_>, recorded: &Value) -> bool {
    match (found, recorded) {
        (AnyValue::Null, Value::Null) => true,
        (AnyValue::Int64(found), Value::Integer(recorded)) => found == recorded,
        (AnyValue::Float64(found), Value::Real(recorded)) => found.to_bits() == recorded.to_bits(),
        (AnyValue::Float64(found), Value::Integer(recorded)) => *found == *recorded as f64,
        (AnyValue::Boolean(found), Value::Integer(recorded)) => i64::from(*found) == *recorded,
        (AnyValue::String(found), Value::Text(recorded)) => found == recorded,
        (AnyValue::StringOwned(found), Value::Text(recorded)) => found.as_str() == recorded,
        _ => false,
    }
}

#[test]
fn each_parquet_file_equals_its_table_or_view() {
    let ranklab = trained(&["rank=1,2", "epochs=2"]);
    let said = ranklab.stdout(&["export", "--to", "parquet", "deep/tables"]);
    let folder = ranklab.path("deep/tables");
    let mut total = 0;
    for relation in relations() {
        let (frame, recorded) = (read(&folder, relation.name), rows(&ranklab, relation.name));
        assert_eq!(frame.height(), recorded.len(), "{}", relation.name);
        let names: Vec<&str> = frame.get_column_names().into_iter().map(|name| name.as_str()).collect();
        assert_eq!(names, relation.column_names().collect::<Vec<_>>());
        for (column, name) in names.iter().enumerate() {
            let values = frame.column(name).unwrap();
            for (row, expected) in recorded.iter().enumerate() {
                let found = values.get(row).unwrap();
                assert!(
                    is_same(&found, &expected[column]),
                    "{}.{name}: {found} is not {expected:?}",
                    relation.name
                );
            }
        }
        total += recorded.len();
    }
    let count = relations().count();
    assert_eq!(said, format!("exported {count} tables and views with {total} rows to deep/tables\n"));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), count, "a part file was left");
}

#[test]
fn an_export_to_parquet_replaces_its_files_alone_and_an_error_changes_none() {
    let ranklab = trained(&["rank=1"]);
    let folder = ranklab.path("tables");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("notes.txt"), "mine").unwrap();
    fs::write(folder.join("runs.parquet"), "of somebody").unwrap();
    let line = failed(&ranklab.run(&["export", "--to", "parquet", "tables"]));
    assert!(line.contains("cannot replace tables/runs.parquet, which no export wrote"), "{line}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    fs::remove_file(folder.join("runs.parquet")).unwrap();
    for _ in 0..2 {
        ranklab.stdout(&["export", "--to", "parquet", "tables"]);
    }
    assert_eq!(fs::read(folder.join("notes.txt")).unwrap(), b"mine");
    assert_eq!(read(&folder, "runs").height(), 1);
    // A folder in the way of one file.
    let other = ranklab.path("other");
    fs::create_dir_all(other.join("sweeps.parquet")).unwrap();
    let line = failed(&ranklab.run(&["export", "--to", "parquet", "other"]));
    assert_eq!(
        line,
        "error: cannot write other/sweeps.parquet: there is a folder of that name; choose another path"
    );
    assert_eq!(fs::read_dir(&other).unwrap().count(), 1);
    let line = failed(&ranklab.run(&["export", "--to", "parquet", "tables/notes.txt"]));
    assert!(line.contains("tables/notes.txt: there is a file of that name"), "{line}");
}

#[test]
fn an_export_to_parquet_that_is_killed_leaves_whole_files_and_the_next_one_clears_up() {
    let ranklab = trained(&["rank=1,2"]);
    let folder = ranklab.path("tables");
    let started = Instant::now();
    ranklab.stdout(&["export", "--to", "parquet", "tables"]);
    let undisturbed = started.elapsed();
    let mut left = 0;
    for share in 1..=20 {
        let mut child = ranklab.start(&["export", "--to", "parquet", "tables"]);
        sleep(undisturbed * share / 20);
        child.kill().unwrap();
        child.wait().unwrap();
        for relation in relations() {
            assert_eq!(read(&folder, relation.name).width(), relation.column_names().count());
        }
        left += fs::read_dir(&folder).unwrap().count() - relations().count();
    }
    assert!(left > 0, "no export was killed while it wrote");
    ranklab.stdout(&["export", "--to", "parquet", "tables"]);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), relations().count());
}

#[test]
fn an_export_without_a_database_leaves_no_folder() {
    let ranklab = Ranklab::new();
    let line = failed(&ranklab.run(&["export", "--to", "parquet", "tables"]));
    assert!(line.starts_with("error: no runs database at runs/ranklab.db"), "{line}");
    assert!(!ranklab.path("tables").exists());
}

#[test]
fn kinds_targets_and_runs_that_do_not_fit_are_refused_in_one_line() {
    let ranklab = trained(&["rank=1"]);
    for (arguments, expected) in [
        (
            &["--to", "csv", "x"][..],
            "there is no export to `csv`; give one of peft, safetensors, onnx, parquet, mlflow, datasette",
        ),
        (&["1", "--to", "parquet", "x"], "an export to parquet holds all runs; leave `1` out"),
        (&["1", "--to", "datasette", "x"], "an export to datasette holds all runs; leave `1` out"),
        (&["--to", "mlflow", "mlruns"], "`mlruns` is no address of an MLflow server"),
        (&["--to", "mlflow", "http://me:secret@host"], "it holds a user; set MLFLOW_TRACKING_USERNAME"),
        (&["--to", "datasette", "runs"], "cannot write runs: there is a folder of that name"),
    ] {
        let line = failed(&ranklab.run(&[&["export"], arguments].concat()));
        assert!(line.contains(expected) && !line.contains("secret"), "{line}");
    }
    assert!(!ranklab.path("x").exists());
}

/// A server that fails as `disturbance` says.
fn server(
    disturbance: impl Fn(&mlflow_server::Request) -> Option<(u16, &'static str)> + Send + Sync + 'static,
) -> Server {
    Server::start(Box::new(disturbance) as Disturbance)
}

fn export(ranklab: &Ranklab, address: &str) -> std::process::Output {
    ranklab
        .command(&["export", "--to", "mlflow", address])
        .env_remove("MLFLOW_TRACKING_USERNAME")
        .env_remove("MLFLOW_TRACKING_TOKEN")
        .output()
        .unwrap()
}

#[test]
fn a_second_export_to_mlflow_adds_nothing_and_tags_what_changed() {
    let ranklab = trained(&["rank=1,2"]);
    let server = server(|_| None);
    let said = succeeded(&export(&ranklab, &server.address));
    assert_eq!(said, format!("exported 2 runs with 2 files to {}\n", server.address));
    let runs = server.runs();
    assert_eq!(runs.len(), 2);
    for (run, rank) in runs.iter().zip(["1", "2"]) {
        assert_eq!((run.status.as_str(), run.parameters["adapter.rank"].as_str()), ("FINISHED", rank));
        assert_eq!(run.tags["ranklab.complete"], "true");
        let count: usize = run.tags["ranklab.run"].parse().unwrap();
        let sql = format!(
            "select (select count(*) from step_metrics where run_id = {count})
                + (select count(*) from epoch_metrics where run_id = {count})
                + (select 16 + (auc is not null) from runs where id = {count}) as recorded"
        );
        let recorded: usize = ranklab.value(&sql).parse().unwrap();
        assert_eq!(run.metrics.len(), recorded);
    }
    assert_eq!(server.state().files.len(), 2);
    let requests = server.state().requests.len();
    let said = succeeded(&export(&ranklab, &server.address));
    assert!(
        said.starts_with("exported 0 runs with 0 files to") && said.contains("; 2 runs already there"),
        "{said}"
    );
    assert!(server.state().requests[requests..].iter().all(|line| line.contains("/search")));
    // A sweep that plans a known trial once more.
    succeeded(&ranklab.sweep(&["rank=2,3"]));
    let said = succeeded(&export(&ranklab, &server.address));
    assert!(
        said.starts_with("exported 1 run with 1 file to") && said.contains("; 2 runs already there"),
        "{said}"
    );
    let runs = server.runs();
    let has = |run: usize, sweep: &str| runs[run].tags.contains_key(sweep);
    assert!(has(1, "ranklab.sweep.1") && has(1, "ranklab.sweep.2") && !has(0, "ranklab.sweep.2"));
    let names: Vec<String> = server.state().experiments.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names, ["rank", "rank (sweep 2)"]);
}

#[test]
fn one_run_alone_goes_to_mlflow_and_one_that_does_not_exist_is_refused() {
    let ranklab = trained(&["rank=1,2"]);
    let server = server(|_| None);
    ranklab.stdout(&["export", "2", "--to", "mlflow", &server.address]);
    let numbers: Vec<String> = server.runs().iter().map(|run| run.tags["ranklab.run"].clone()).collect();
    assert_eq!(numbers, ["2"]);
    let line = failed(&ranklab.run(&["export", "9", "--to", "mlflow", &server.address]));
    assert!(line.contains("there is no run 9 in the database"), "{line}");
}

#[test]
fn requests_that_fail_once_are_repeated_and_nothing_arrives_twice() {
    let ranklab = trained(&["rank=1,2"]);
    let requests = ["runs/create", "runs/log-batch", "runs/set-tag", "PUT"];
    let cases =
        requests.into_iter().flat_map(|request| [(request, 503), (request, mlflow_server::ANSWER_LOST)]);
    for (failing, status) in cases {
        let failures = std::sync::atomic::AtomicUsize::new(0);
        let server = server(move |request| {
            let fails = request.line.contains(failing)
                && failures.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 1;
            fails.then_some((status, "busy"))
        });
        succeeded(&export(&ranklab, &server.address));
        let runs = server.runs();
        assert_eq!(runs.len(), 2, "{failing} {status}");
        for run in runs {
            assert_eq!(run.tags["ranklab.complete"], "true", "{failing} {status}");
            let mut keys: Vec<String> =
                run.metrics.iter().map(|metric| format!("{} {}", metric["key"], metric["step"])).collect();
            let all = keys.len();
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), all, "{failing} {status}: a metric arrived twice");
        }
    }
}

#[test]
fn a_server_that_fails_in_the_middle_ends_the_export_in_one_line_and_the_next_one_goes_on() {
    let ranklab = trained(&["rank=1,2"]);
    let is_up = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let up = is_up.clone();
    let completed = std::sync::atomic::AtomicUsize::new(0);
    let server = server(move |request| {
        use std::sync::atomic::Ordering::Relaxed;
        if request.line.contains("runs/set-tag") {
            completed.fetch_add(1, Relaxed);
        }
        // The second run is half written by then.
        let is_down = completed.load(Relaxed) >= 1 && request.line.contains("runs/update");
        (is_down && !up.load(Relaxed))
            .then_some((500, r#"{"error_code": "INTERNAL_ERROR", "message": "disk full"}"#))
    });
    let line = failed(&export(&ranklab, &server.address));
    assert_eq!(
        line,
        format!(
            "error: the MLflow server {} failed at POST runs/update: status 500, disk full; look at its log, then repeat \
             the command (1 run exported before that is kept)",
            server.address
        )
    );
    is_up.store(true, std::sync::atomic::Ordering::Relaxed);
    let said = succeeded(&export(&ranklab, &server.address));
    assert!(
        said.starts_with("exported 1 run with 1 file") && said.contains("; 1 run already there"),
        "{said}"
    );
    let runs = server.runs();
    assert!(runs.len() == 2 && runs.iter().all(|run| run.tags["ranklab.complete"] == "true"));
    assert_eq!(server.state().runs.len(), 3, "the half one was not deleted");
}

#[test]
fn a_server_that_is_away_is_named_in_one_line() {
    let ranklab = trained(&["rank=1"]);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let line = failed(&export(&ranklab, &format!("http://127.0.0.1:{port}")));
    assert!(
        line.starts_with(&format!("error: the MLflow server http://127.0.0.1:{port} does not answer: ")),
        "{line}"
    );
    assert!(line.ends_with("start it or check the address, then repeat the command"), "{line}");
}

#[test]
fn a_server_that_wants_to_know_who_asks_gets_what_the_variables_hold() {
    let ranklab = trained(&["rank=1"]);
    let server = server(|request| match request.authorization.as_deref() {
        // me:secret
        Some("Basic bWU6c2VjcmV0" | "Bearer token") => None,
        _ => Some((401, "who are you?")),
    });
    let line = failed(&export(&ranklab, &server.address));
    assert!(
        line.contains("refuses access (status 401, who are you?); set MLFLOW_TRACKING_USERNAME"),
        "{line}"
    );
    let with = |variables: &[(&str, &str)]| {
        let mut command = ranklab.command(&["export", "--to", "mlflow", &server.address]);
        command.env_remove("MLFLOW_TRACKING_USERNAME").env_remove("MLFLOW_TRACKING_TOKEN");
        command.envs(variables.iter().copied()).output().unwrap()
    };
    let wrong = failed(&with(&[("MLFLOW_TRACKING_USERNAME", "me"), ("MLFLOW_TRACKING_PASSWORD", "other")]));
    assert!(wrong.contains("401") && !wrong.contains("other"), "{wrong}");
    succeeded(&with(&[("MLFLOW_TRACKING_USERNAME", "me"), ("MLFLOW_TRACKING_PASSWORD", "secret")]));
    let again = succeeded(&with(&[("MLFLOW_TRACKING_TOKEN", "token")]));
    assert!(again.contains("1 run already there"), "{again}");
}

#[test]
fn another_site_and_a_server_without_artifacts_are_recognised() {
    let ranklab = trained(&["rank=1"]);
    let site = server(|_| Some((404, "<!doctype html><title>Not Found</title>")));
    let line = failed(&export(&ranklab, &site.address));
    assert!(line.contains("otherwise than an MLflow server: status 404"), "{line}");
    let refusing = server(|request| {
        request.line.starts_with("PUT").then_some((503, "disabled: running with `--no-serve-artifacts`"))
    });
    let output = export(&ranklab, &refusing.address);
    assert!(succeeded(&output).starts_with("exported 1 run with 0 files"));
    let notes = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(notes.starts_with("note: artifacts are left out: "), "{notes}");
    assert_eq!(notes.lines().filter(|line| line.starts_with("note: ")).count(), 1, "{notes}");
    let uploads = refusing.state().requests.iter().filter(|line| line.starts_with("PUT")).count();
    assert_eq!(uploads, 1, "a refusal was repeated");
}

#[test]
fn a_server_whose_pages_never_end_is_refused() {
    let ranklab = trained(&["rank=1"]);
    let endless = server(|request| {
        request.line.contains("experiments/search").then_some((200, "{\"next_page_token\": \"again\"}"))
    });
    let line = failed(&export(&ranklab, &endless.address));
    assert!(line.contains("otherwise than an MLflow server: it repeats a page; check the address"), "{line}");
    assert_eq!(endless.state().requests.len(), 2);
}

#[test]
fn a_model_that_was_changed_is_left_out_and_named() {
    let ranklab = trained(&["rank=1"]);
    fs::write(ranklab.path("runs/000001/model.safetensors"), "something else").unwrap();
    let server = server(|_| None);
    let output = export(&ranklab, &server.address);
    assert!(succeeded(&output).starts_with("exported 1 run with 0 files"));
    let notes = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(notes.contains("model.safetensors: it was changed since it was recorded"), "{notes}");
}

#[test]
fn a_report_goes_along_with_the_runs_of_its_sweep() {
    let ranklab = trained(&["rank=1"]);
    ranklab.stdout(&["report", "--no-pictures"]);
    let server = server(|_| None);
    assert!(succeeded(&export(&ranklab, &server.address)).starts_with("exported 1 run with 3 files"));
    let files: Vec<String> = server.state().files.keys().cloned().collect();
    let names: Vec<&str> = files.iter().map(|path| path.split_once("artifacts/").unwrap().1).collect();
    assert_eq!(names, ["model/model.safetensors", "report/index.html", "report/report.md"]);
}

/// Keys of a YAML file of maps, lists and texts in double quotes, each with its depth. Panics at any other line.
fn keys(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut block = None;
    for line in text.lines() {
        let depth = line.len() - line.trim_start().len();
        if block.is_some_and(|least| depth >= least) {
            continue;
        }
        block = None;
        let rest = line.trim_start();
        if let Some(item) = rest.strip_prefix("- ") {
            serde_json::from_str::<String>(item).unwrap_or_else(|_| panic!("no item: {line}"));
            continue;
        }
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<String>();
        let key = stream.next().unwrap().unwrap_or_else(|_| panic!("no key: {line}"));
        match rest[stream.byte_offset()..].strip_prefix(':').unwrap_or_else(|| panic!("no key: {line}")) {
            "" => {}
            " |-" => block = Some(depth + 2),
            value => {
                serde_json::from_str::<String>(value.trim_start())
                    .unwrap_or_else(|_| panic!("no text: {line}"));
            }
        }
        found.push((depth / 2, key));
    }
    found
}

#[test]
fn the_description_for_datasette_names_every_table_view_and_column() {
    let ranklab = trained(&["rank=1"]);
    let said = ranklab.stdout(&["export", "--to", "datasette", "deep/datasette.yaml"]);
    assert_eq!(said, "deep/datasette.yaml\ndatasette runs/ranklab.db --metadata deep/datasette.yaml\n");
    let text = fs::read_to_string(ranklab.path("deep/datasette.yaml")).unwrap();
    let keys = keys(&text);
    let at = |depth: usize, key: &str| keys.iter().filter(|found| **found == (depth, key.to_owned())).count();
    assert_eq!((at(0, "databases"), at(1, "ranklab"), at(2, "tables"), at(2, "queries")), (1, 1, 1, 1));
    for relation in relations() {
        assert_eq!(at(3, relation.name), 1, "{}", relation.name);
        for column in relation.column_names() {
            assert!(at(5, column) >= 1, "{}.{column}", relation.name);
        }
    }
}
