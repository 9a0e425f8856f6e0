//! Connections to a server that are lost during a commit: the transaction counts once, whatever became of it.

use ranklab_store::{Location, Store, Value};

use crate::fixture::{Place, epochs, new_run, new_sweep, plan, server, steps};
use crate::place::{of_server, server_place};
use crate::proxy::{Lost, Proxy};

/// An empty database, its location, and its location behind a proxy.
fn behind_a_proxy() -> Option<(Place, Location, Location, Proxy)> {
    let url = server()?;
    let (place, location) = server_place(url.clone());
    let (scheme, rest) = url.split_once("://").unwrap();
    let (user, rest) = rest.split_once('@').unwrap();
    let (host, _) = rest.split_once('/').unwrap();
    let proxy = Proxy::new(host);
    let Place::Server { name, .. } = &place else { unreachable!() };
    let proxied = of_server(&format!("{scheme}://{user}@127.0.0.1:{}/x", proxy.port()), name);
    Some((place, location, proxied, proxy))
}

async fn counts(store: &Store, sql: &str) -> Vec<Value> {
    store.query(sql).await.unwrap().rows.remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_whose_commit_or_answer_is_lost_counts_once() {
    for fate in [Lost::Answer, Lost::Commit] {
        let Some((_place, location, proxied, proxy)) = behind_a_proxy() else { return };
        let direct = Store::open(&location).await.unwrap();
        let store = Store::open(&proxied).await.unwrap();
        proxy.arm(fate);
        let trials = plan(&[new_run(None, None, 0)]);
        let registered = store.register_sweep(&new_sweep("one"), &trials).await.unwrap();
        // A transaction that was rolled back has used a number up.
        assert_eq!(registered.sweep, if fate == Lost::Commit { 2 } else { 1 }, "{fate:?}");
        let sweeps = counts(&direct, "SELECT COUNT(*), MAX(request) FROM sweeps").await;
        assert_eq!(sweeps, [1, 1].map(Value::Integer), "{fate:?}");
        // A trial is claimed once, and its steps are there once.
        proxy.arm(fate);
        let run = store.start_run(&new_run(None, None, 0)).await.unwrap();
        proxy.arm(fate);
        store.record_steps(run, &steps(50)).await.unwrap();
        proxy.arm(fate);
        store.record_epoch(run, &epochs()).await.unwrap();
        proxy.arm(fate);
        store.heartbeat(run).await.unwrap();
        assert_eq!(proxy.commits_met(), 5, "{fate:?}");
        let rows =
            "SELECT (SELECT COUNT(*) FROM runs), (SELECT COUNT(*) FROM step_metrics), MAX(id) FROM runs";
        assert_eq!(counts(&direct, rows).await[..2], [1, 100].map(Value::Integer), "{fate:?}");
        assert_eq!(direct.step_metrics(run).await.unwrap(), steps(50));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_of_which_nothing_is_known_is_one_line_and_is_not_repeated() {
    let Some((_place, location, proxied, proxy)) = behind_a_proxy() else { return };
    let direct = Store::open(&location).await.unwrap();
    // This handle waits for a moment only.
    let store = Store::open_if_free(&proxied).await.unwrap();
    proxy.arm(Lost::Server);
    let trials = plan(&[new_run(None, None, 0)]);
    let line = store.register_sweep(&new_sweep("one"), &trials).await.unwrap_err().to_string();
    assert!(line.contains("went away while something was recorded, and did not come back"), "{line}");
    assert!(
        line.ends_with("repeat the command to continue") && line.contains(&proxied.to_string()),
        "{line}"
    );
    let sweeps = "SELECT COUNT(*), MAX(request) FROM sweeps";
    assert_eq!(counts(&direct, sweeps).await, [1, 1].map(Value::Integer));
    // The command repeated finds what was recorded.
    assert_eq!(direct.register_sweep(&new_sweep("one"), &trials).await.unwrap().sweep, 1);
    assert_eq!(counts(&direct, sweeps).await, [1, 2].map(Value::Integer));
}
