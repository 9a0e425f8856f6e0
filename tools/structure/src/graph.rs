//! Circles of a directed graph.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Targets of each node.
pub(crate) type Graph = BTreeMap<usize, BTreeSet<usize>>;

/// The groups of nodes that all reach each other, each with more than one node.
pub(crate) fn circles(graph: &Graph) -> Vec<BTreeSet<usize>> {
    let reached: BTreeMap<usize, BTreeSet<usize>> =
        graph.keys().map(|node| (*node, reachable(graph, *node))).collect();
    let mut found: Vec<BTreeSet<usize>> = Vec::new();
    for (node, targets) in &reached {
        if targets.contains(node) && !found.iter().any(|circle| circle.contains(node)) {
            let back = |other: &&usize| reached.get(other).is_some_and(|targets| targets.contains(node));
            found.push(targets.iter().filter(back).copied().collect());
        }
    }
    found
}

/// A shortest way from a node back to it, that node first and not last.
pub(crate) fn shortest_circle(graph: &Graph, start: usize) -> Vec<usize> {
    let mut before: BTreeMap<usize, usize> = BTreeMap::new();
    let mut waiting = VecDeque::from([start]);
    while let Some(node) = waiting.pop_front() {
        for next in graph.get(&node).into_iter().flatten() {
            if *next == start {
                let mut way = vec![node];
                while let Some(previous) = way.last().and_then(|last| before.get(last)) {
                    way.push(*previous);
                }
                way.reverse();
                return way;
            }
            if !before.contains_key(next) {
                before.insert(*next, node);
                waiting.push_back(*next);
            }
        }
    }
    Vec::new()
}

fn reachable(graph: &Graph, start: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![start];
    while let Some(node) = waiting.pop() {
        for next in graph.get(&node).into_iter().flatten() {
            if found.insert(*next) {
                waiting.push(*next);
            }
        }
    }
    found
}
