//! Reads a runs database: the runs of the latest sweep, one learning curve, and a query.
//!
//!     cargo run --release --package ranklab-store --example read_database -- example-runs/ranklab.db
//!
//! The example train_from_code of ranklab-sweep makes such a database; so does every `ranklab sweep`.

use std::{env, error::Error, path::PathBuf};

use ranklab_store::Store;

fn main() -> Result<(), Box<dyn Error>> {
    let path = PathBuf::from(env::args().nth(1).unwrap_or_else(|| "example-runs/ranklab.db".to_owned()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // A handle for reading changes nothing, and a sweep may write the database meanwhile.
        let store = Store::open_read_only(&path).await?;

        let sweep = store.latest_sweep().await?.ok_or("the database holds no sweep")?;
        println!("sweep {}: {}", sweep.id, sweep.name);
        for (trial, run) in store.runs_of_sweep(sweep.id).await? {
            match run.and_then(|run| Some((run.id, run.result?))) {
                Some((run, result)) => {
                    println!("  run {run}, {}: test accuracy {:.3}", trial.label, result.test_accuracy);
                    for point in store.epoch_metrics(run).await? {
                        if point.metric == "validation_loss" {
                            println!("    epoch {}: validation loss {:.3}", point.epoch, point.value);
                        }
                    }
                }
                None => println!("  {} is not finished", trial.label),
            }
        }

        // Any SELECT; docs/database.md lists tables and views.
        let answer = store.query("SELECT run, model, ranks, accuracy, auc FROM leaderboard").await?;
        println!("{}", answer.columns.join(", "));
        for row in answer.rows {
            println!("{row:?}");
        }
        store.close().await;
        Ok(())
    })
}
