//! One computation has one identity, however its settings are written and whichever version recorded it.

use std::{fs, path::Path};

use ranklab_data::{ImageSource, Manifest, unwatched};
use sha2::{Digest as _, Sha256};
use sqlx::Connection as _;

use crate::command::{Ranklab, failed, first_line, succeeded};

impl Ranklab {
    /// Changes the database behind the program's back.
    pub fn write(&self, sql: &str) {
        let path = self.path("runs/ranklab.db");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut connection = sqlx::SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
    }
}

/// The hash that an earlier version gave the images in a folder, by their paths in it.
fn former_hash(folder: &Path) -> String {
    let images = Manifest::build(
        &ImageSource::open(folder, &ranklab_settings::ClassScheme::default()).unwrap(),
        &unwatched,
    )
    .unwrap()
    .select(None);
    let mut hasher = Sha256::new();
    for entry in &images.entries {
        assert_ne!(entry.file, entry.name);
        hasher.update(format!("{}\t{}\t{}\n", entry.file, entry.class.number(), entry.content_hash));
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A database of an earlier schema, as `scripts/schema-fixture.sh` made it, in a folder of its own.
fn earlier(schema: i64) -> Ranklab {
    let ranklab = Ranklab::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/tests/fixtures");
    fs::create_dir(ranklab.path("runs")).unwrap();
    fs::copy(fixtures.join(format!("schema_{schema}.db")), ranklab.path("runs/ranklab.db")).unwrap();
    ranklab
}

/// The sweep that every fixture holds as its first.
const RECORDED: [&str; 8] = [
    "sweep",
    "-q",
    "dataset=synthetic",
    "images=40",
    "patients=4",
    "image_size=32",
    "weights=random",
    "batch=16",
];

#[test]
fn a_sweep_of_an_earlier_version_is_found_finished_under_its_number_however_it_is_written() {
    for schema in [2, 3, 4] {
        let ranklab = earlier(schema);
        for spelling in [
            &["epochs=2", "rank=1,2"][..],
            &["epochs=2", "rank=1+1+1,2"],
            &["epochs=2", "rank=1,2", "delta_geometry=layer", "fold=3"],
        ] {
            let said = succeeded(&ranklab.run(&[&RECORDED[..], spelling].concat()));
            assert_eq!(
                first_line(&said),
                "sweep 1: 0 trained, 2 finished before, 0 failed\n",
                "schema {schema}"
            );
        }
        let said = succeeded(&ranklab.run(&[&RECORDED[..], &["epochs=2", "model=model_4"]].concat()));
        assert_eq!(first_line(&said), "sweep 2: 0 trained, 1 finished before, 0 failed\n", "schema {schema}");
        assert_eq!(ranklab.value("select count(*) from runs where identity_version < 2"), "0");
    }
}

#[test]
fn reading_a_database_of_an_earlier_version_carries_its_runs_over_as_well() {
    let ranklab = earlier(4);
    // Two spellings of one network that the earlier version took for two.
    ranklab.write(
        "insert into runs (id, status, started_at, ended_at, heartbeat_at, family, config_hash, config, label, model,
            layers, ranks, preset, optimizer, learning_rate, epochs, batch_size, seed, dataset, synthetic, images,
            duplicate_images, unreadable_images, image_size, resize, image_set_hash, split, split_seed, split_hash,
            train_images, validation_images, test_images, train_patients, test_patients, shared_patients,
            shared_test_images, weights, weights_hash, device, host, process, version, trainable_parameters,
            frozen_parameters, adapter_parameters, select_by, best_epoch, model_hash, feature_seconds, train_seconds,
            test_seconds, images_per_second, peak_memory_bytes, test_loss, test_accuracy, sensitivity, specificity,
            precision, f1, auc, true_positives, false_negatives, false_positives, true_negatives)
         select 90, status, started_at, ended_at, heartbeat_at, 'of another spelling', 'of another spelling',
            replace(replace(config, '\"rank\":2', '\"rank\":\"2+2+2\"'), 'stride_one_same', 'layer'), label, model,
            layers, '2+2+2', preset, optimizer, learning_rate, epochs, batch_size, seed, dataset, synthetic, images,
            duplicate_images, unreadable_images, image_size, resize, image_set_hash, split, split_seed, split_hash,
            train_images, validation_images, test_images, train_patients, test_patients, shared_patients,
            shared_test_images, weights, weights_hash, device, host, process, version, trainable_parameters,
            frozen_parameters, adapter_parameters, select_by, best_epoch, model_hash, feature_seconds, train_seconds,
            test_seconds, images_per_second, peak_memory_bytes, test_loss, test_accuracy, sensitivity, specificity,
            precision, f1, auc, true_positives, false_negatives, false_positives, true_negatives
         from runs where id = 2",
    );
    ranklab.write("insert into predictions select 90, image, patient, label, probability from predictions where run_id = 2");
    ranklab
        .write("update trials set config_hash = 'of another spelling' where sweep_id = 1 and position = 1");
    let same =
        "select count(distinct config_hash), count(distinct family), count(*) from runs where id in (2, 90)";
    assert_eq!(ranklab.value(same), "1,1,2");
    assert_eq!(ranklab.value("select run from trial_states where sweep = 1 and position = 1"), "90");
    // Of two runs of one configuration the newer one counts, and nothing is compared with itself.
    let report = succeeded(&ranklab.run(&["report", "--runs", "2,90", "--no-pictures"]));
    let markdown = fs::read_to_string(ranklab.path(report.lines().nth(1).unwrap())).unwrap();
    for comparison in [" vs ", "inconclusive", "equivalent within"] {
        assert!(!markdown.contains(comparison), "{comparison}: {markdown}");
    }
}

#[test]
fn two_spellings_in_one_sweep_are_trained_once_and_shown_once() {
    let ranklab = Ranklab::new();
    let said = succeeded(&ranklab.sweep(&["rank=2,2+2+2"]));
    assert_eq!(first_line(&said), "sweep 1: 1 trained, 0 finished before, 0 failed\n");
    for spelling in [
        &["rank=2+2+2"][..],
        &["rank=2", "scaling=alpha_over_rank", "alpha=2"],
        &["rank=2", "select_by=last_epoch"],
        &["rank=2", "batch=8", "limit=60"],
        &["rank=2", "preset=peft", "initialisation=glorot", "scaling=one", "activation=none"],
    ] {
        let said = succeeded(&ranklab.sweep(spelling));
        assert!(
            first_line(&said).ends_with(": 0 trained, 1 finished before, 0 failed\n"),
            "{spelling:?}: {said}"
        );
    }
    assert_eq!(ranklab.value("select count(*) from runs"), "1");
}

#[test]
fn a_folder_its_parent_and_a_zip_of_it_are_one_dataset() {
    let ranklab = Ranklab::new();
    let said = ranklab.stdout(&["data", "synthetic", "--images", "60", "--patients", "6"]);
    let zip = ranklab.path(said.split(" (SYNTHETIC)").next().unwrap());
    zip::ZipArchive::new(fs::File::open(&zip).unwrap())
        .unwrap()
        .extract(ranklab.path("images, all"))
        .unwrap();
    let zip = format!("dataset={}", zip.display());
    let all = ["dataset=images, all", "dataset=./images, all/../images, all/cell_images", &zip];
    // Trials of one plan that only their images show to be the same.
    let output = ranklab.sweep(&[&all[..], &["rank=1"]].concat());
    assert_eq!(first_line(&succeeded(&output)), "sweep 1: 1 trained, 0 finished before, 0 failed\n");
    let notes = String::from_utf8_lossy(&output.stderr).into_owned();
    let first = "computes the same as model_5 · block5 · rank 1 · dataset=images, all";
    assert_eq!(notes.matches(first).count(), 2, "{notes}");
    assert_eq!(ranklab.value("select count(*) from trials"), "1");
    for dataset in all {
        let said = succeeded(&ranklab.sweep(&[dataset, "rank=1"]));
        assert!(
            first_line(&said).ends_with(": 0 trained, 1 finished before, 0 failed\n"),
            "{dataset}: {said}"
        );
    }
    // The path is recorded whole and absolute.
    let recorded = ranklab.stdout(&["query", "select dataset from runs", "--json"]);
    assert!(recorded.contains(&format!("{}", ranklab.path("images, all").display())), "{recorded}");
}

#[test]
fn runs_that_an_earlier_version_named_after_their_folder_are_found_under_todays_names() {
    let ranklab = Ranklab::new();
    let said = ranklab.stdout(&["data", "synthetic", "--images", "60", "--patients", "6"]);
    let zip = ranklab.path(said.split(" (SYNTHETIC)").next().unwrap());
    zip::ZipArchive::new(fs::File::open(zip).unwrap()).unwrap().extract(ranklab.path("IMG")).unwrap();
    let sweep = ["dataset=IMG/cell_images", "rank=1", "split=patient", "folds=3"];
    succeeded(&ranklab.sweep(&sweep));
    // As the earlier version would have named and hashed the same images in this folder.
    let hash = former_hash(&ranklab.path("IMG/cell_images"));
    for table in ["predictions", "validation_predictions"] {
        ranklab.write(&format!("update {table} set image = substr(image, 13)"));
    }
    ranklab.write(&format!(
        "update runs set image_set_hash = '{hash}', config_hash = 'x', identity_version = 1"
    ));
    ranklab.write("update trials set config_hash = 'x'");
    let said = succeeded(&ranklab.sweep(&sweep));
    assert_eq!(first_line(&said), "sweep 1: 0 trained, 1 finished before, 0 failed\n");
    assert_eq!(ranklab.value("select count(*) from predictions where image not like 'cell_images/%'"), "0");
}

#[test]
fn ranks_follow_the_layers_as_they_are_typed() {
    let ranklab = Ranklab::new();
    fs::write(
        ranklab.path("x.toml"),
        "[adapter]\nlayers = [\"block5_conv3\", \"block5_conv1\"]\nrank = [4, 16]\n",
    )
    .unwrap();
    succeeded(&ranklab.sweep(&["layers=block5_conv3+block5_conv1", "rank=4+16"]));
    let recorded = "select layers, ranks from runs";
    assert_eq!(ranklab.value(recorded), "block5_conv1+block5_conv3,16+4");
    for again in [&["-e", "x.toml"][..], &["layers=block5_conv1+block5_conv3", "rank=16+4"]] {
        let said = succeeded(&ranklab.sweep(again));
        assert!(said.contains("0 trained, 1 finished before"), "{again:?}: {said}");
    }
    let said = succeeded(&ranklab.sweep(&["layers=block5_conv1+block5_conv3", "rank=4+16"]));
    assert!(said.contains("1 trained, 0 finished before"), "{said}");
    let error = failed(&ranklab.sweep(&["layers=block5+block5_conv1", "rank=1+2+3+4"]));
    assert!(error.contains("block5_conv1 is named twice"), "{error}");
}
