//! Several writers at once: all rows arrive, whoever makes the file.

use ranklab_store::Store;

use crate::fixture::{epochs, finish, new_run, new_sweep, place, plan, steps};

#[tokio::test(flavor = "current_thread")]
async fn eight_writers_that_make_the_file_together_lose_nothing() {
    let (_folder, path) = place();
    let writers: Vec<_> = (0..8)
        .map(|seed| {
            let path = path.clone();
            tokio::spawn(async move {
                let store = Store::open(&path).await.unwrap();
                let run = new_run(Some("block5"), Some(1), seed);
                let sweep = store
                    .register_sweep(&new_sweep("same"), &plan(std::slice::from_ref(&run)))
                    .await
                    .unwrap()
                    .sweep;
                let id = finish(&store, &run, 0.5).await;
                store.record_steps(id, &steps(1_000)).await.unwrap();
                store.close().await;
                (sweep, id)
            })
        })
        .collect();
    let mut sweeps = Vec::new();
    let mut runs = Vec::new();
    for writer in writers {
        let (sweep, run) = writer.await.unwrap();
        sweeps.push(sweep);
        runs.push(run);
    }
    sweeps.dedup();
    assert_eq!(sweeps.len(), 1);
    runs.sort_unstable();
    let store = Store::open_read_only(&path).await.unwrap();
    assert_eq!(store.all_runs().await.unwrap().iter().map(|run| run.id).collect::<Vec<_>>(), runs);
    assert_eq!(runs.len(), 8);
    for run in runs {
        assert_eq!(store.step_metrics(run).await.unwrap().len(), 2_000);
        assert_eq!(store.epoch_metrics(run).await.unwrap().len(), epochs().len());
        assert_eq!(store.predictions(run).await.unwrap().len(), 4);
    }
}

#[tokio::test]
async fn a_reader_sees_what_was_written_while_the_writer_goes_on() {
    let (_folder, path) = place();
    let writer = Store::open(&path).await.unwrap();
    let run = writer.start_run(&new_run(None, None, 0)).await.unwrap();
    let reader = Store::open_read_only(&path).await.unwrap();
    for count in [1, 5] {
        writer.record_steps(run, &steps(count)).await.unwrap();
        assert_eq!(reader.step_metrics(run).await.unwrap(), steps(count));
    }
}
