//! Tables for people: they fit the width of the output, and they name what they leave out.

use crate::{
    command::{Ranklab, failed, succeeded},
    terminal::{on_terminal, without_escapes},
};

/// Standard output of a command where `$COLUMNS` is `columns`.
fn at(ranklab: &Ranklab, columns: &str, arguments: &[&str]) -> String {
    succeeded(&ranklab.command(arguments).env("COLUMNS", columns).output().unwrap())
}

/// Asserts that no line is longer than `columns`.
fn assert_fits(text: &str, columns: usize) {
    assert!(text.lines().all(|line| line.chars().count() <= columns), "wider than {columns}:\n{text}");
}

/// A folder with one finished run.
fn one_run() -> Ranklab {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&["rank=1"]));
    ranklab
}

#[test]
fn the_list_of_runs_fits_and_names_the_columns_that_it_leaves_out() {
    let ranklab = one_run();
    let whole = ranklab.stdout(&["runs"]);
    assert!(whole.lines().next().unwrap().chars().count() > 110, "{whole}");
    assert!(whole.contains("started") && !whole.contains("left out"), "{whole}");
    for columns in ["40", "80", "100"] {
        let text = at(&ranklab, columns, &["runs"]);
        assert_fits(&text, columns.parse().unwrap());
        let header = text.lines().next().unwrap();
        assert!(header.contains("run") && header.contains("status"), "{text}");
        let note = text.split_once("1 row\n").unwrap().1.replace('\n', " ");
        for part in ["left out: ", "dataset", "--wide", "--columns run,", "--json"] {
            assert!(note.contains(part), "{part} is missing in {note}");
        }
    }
    // Neither of these is cut.
    assert_eq!(at(&ranklab, "80", &["runs", "--wide"]), whole);
    assert_eq!(at(&ranklab, "80", &["runs", "--json"]), ranklab.stdout(&["runs", "--json"]));
    assert_eq!(at(&ranklab, "1000", &["runs"]), whole);
    for nonsense in ["", "0", "wide"] {
        assert_eq!(at(&ranklab, nonsense, &["runs"]), whole);
    }
    let shown = on_terminal(&ranklab, (60, 24, Some("xterm")), "-", &["runs"]);
    let shown = without_escapes(&succeeded(&shown));
    assert_fits(&shown, 60);
    assert!(shown.contains("left out: "), "{shown}");
}

#[test]
fn runs_are_listed_under_two_more_names_and_with_chosen_columns() {
    let ranklab = one_run();
    let list = ranklab.stdout(&["runs"]);
    assert_eq!(ranklab.stdout(&["runs", "list"]), list);
    assert_eq!(ranklab.stdout(&["runs", "ls"]), list);
    let chosen = at(&ranklab, "80", &["runs", "ls", "--columns", "run,model,rank,accuracy"]);
    let header: Vec<&str> = chosen.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(header, ["run", "model", "ranks", "accuracy"]);
    assert!(!chosen.contains("left out"), "{chosen}");
    let json = ranklab.stdout(&["runs", "--columns", "status,run", "--json"]);
    assert_eq!(json, "[\n  {\n    \"status\": \"finished\",\n    \"run\": 1\n  }\n]\n");
    let unknown = failed(&ranklab.run(&["runs", "--columns", "run,acuracy"]));
    let columns = "run, status, model, layers, ranks, preset, split, seed, dataset, accuracy, auc, minutes, started, \
                   failure";
    assert_eq!(unknown, format!("error: there is no column `acuracy`; the columns are {columns}"));
}

#[test]
fn long_texts_of_a_query_are_shortened_for_people_and_whole_in_a_pipe() {
    let ranklab = one_run();
    let text = "a long text ".repeat(20);
    let sql = format!("select 1 as number, '{text}' as words");
    let piped = ranklab.stdout(&["query", &sql]);
    assert!(piped.contains(text.trim_end()), "{piped}");
    let fitted = at(&ranklab, "50", &["query", &sql]);
    assert_fits(&fitted, 50);
    assert!(fitted.contains('…') && fitted.contains("--wide shows all"), "{fitted}");
    assert_eq!(at(&ranklab, "50", &["query", "--wide", &sql]), piped);
    for format in ["csv", "json"] {
        let whole = ranklab.stdout(&["query", &sql, "--format", format]);
        assert_eq!(at(&ranklab, "50", &["query", &sql, "--format", format]), whole);
    }
    let shown = on_terminal(&ranklab, (50, 24, Some("xterm")), "-", &["query", &sql]);
    let shown = without_escapes(&succeeded(&shown));
    assert_fits(&shown, 50);
    assert!(shown.contains('…'), "{shown}");
}

#[test]
fn a_wide_result_names_every_column_that_it_leaves_out_and_columns_are_chosen() {
    let ranklab = one_run();
    let sql = "with n(i) as (values (16), (20))
        select null as failure, i as run, 'patient' as split, 'model_5 · block5 · rank ' || i as name, i / 8.0 as auc from n";
    let narrow = at(&ranklab, "30", &["query", sql]);
    assert_fits(&narrow, 30);
    let header: Vec<&str> = narrow.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(header, ["run", "name", "auc"]);
    let note = narrow.split_once("2 rows\n").unwrap().1.replace('\n', " ");
    let expected = "the same in all rows: split patient; without a value: failure; texts with … are shortened; --wide shows \
                    all, --columns NAMES chooses, --json or --format csv is for programs ";
    assert_eq!(note, expected);
    let wide = at(&ranklab, "36", &["query", sql, "--wide"]);
    assert_eq!(wide, ranklab.stdout(&["query", sql]));
    let chosen = at(&ranklab, "36", &["query", sql, "--columns", "name,run"]);
    assert!(chosen.contains("model_5 · block5 · rank 16") && !chosen.contains("…"), "{chosen}");
    assert_eq!(
        ranklab.stdout(&["query", sql, "--columns", "auc,split", "--format", "csv"]),
        "auc,split\n2.0,patient\n2.5,patient\n"
    );
    let json = ranklab.stdout(&["query", sql, "--columns", "run", "--json"]);
    assert_eq!(json, "[\n  {\n    \"run\": 16\n  },\n  {\n    \"run\": 20\n  }\n]\n");
    let unknown = failed(&ranklab.run(&["query", sql, "--columns", "acu"]));
    assert_eq!(unknown, "error: there is no column `acu`; the columns are failure, run, split, name, auc");
}

#[test]
fn a_run_is_shown_in_sections_of_80_columns_and_as_json_for_programs() {
    let ranklab = one_run();
    let shown = ranklab.stdout(&["runs", "show", "1"]);
    assert_fits(&shown, 80);
    for part in [
        "Run 1: ",
        "\nWhat was trained\n",
        "LoRA of rank 1 in block5",
        "\nData\n",
        "synthetic",
        "\nTraining\n",
        "\nResult on ",
        "\nConfusion matrix\n",
        "\nEpochs (% is accuracy)\n",
        "\nFiles in the runs folder\n",
        "model.safetensors",
        "`ranklab runs show 1 --json`",
    ] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
    assert_fits(&at(&ranklab, "40", &["runs", "show", "1"]), 40);
    let json: serde_json::Value =
        serde_json::from_str(&ranklab.stdout(&["runs", "show", "1", "--json"])).unwrap();
    assert_eq!(json["run"]["status"], "finished");
    assert!(json["run"]["start"]["config"].is_string() || json["run"]["config"].is_string(), "{json}");
}

#[test]
fn keys_plans_and_power_fit_a_terminal_and_stand_whole_in_a_pipe() {
    let ranklab = Ranklab::new();
    let sweep = Ranklab::sweep_arguments(&["rank=1,2", "seed=0..2", "--dry-run"]);
    for arguments in [&["sweep", "--keys"][..], &["power"], &sweep] {
        let whole = ranklab.stdout(arguments);
        assert!(whole.lines().any(|line| line.chars().count() > 50), "{whole}");
        for columns in ["40", "80"] {
            let text = at(&ranklab, columns, arguments);
            assert_fits(&text, columns.parse().unwrap());
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(words(&text), words(&whole));
        }
    }
}
