//! Draws the report of the latest sweep of a runs database: one HTML page and one Markdown file with its figures.
//!
//!     cargo run --release --package ranklab-report --example draw_report -- example-runs/ranklab.db example-reports
//!
//! The example train_from_code of ranklab-sweep makes such a database; so does every `ranklab sweep`.

use std::{env, error::Error, path::PathBuf};

use ranklab_report::{Selection, load, write};
use ranklab_store::Store;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let database = PathBuf::from(arguments.next().unwrap_or_else(|| "example-runs/ranklab.db".to_owned()));
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| "example-reports".to_owned()));

    // Reading is all that touches the database: from here on a report is a function of the rows.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut data = runtime.block_on(async {
        let store = Store::open_read_only(&database).await?;
        let data = load(&store, Selection::LatestSweep).await;
        store.close().await;
        data
    })?;

    // Configurations whose accuracies differ by less than half a point count as equivalent.
    data.options.margin = 0.005;

    let written = write(&data, &folder)?;
    println!("{}\n{}", written.html.display(), written.markdown.display());
    Ok(())
}
